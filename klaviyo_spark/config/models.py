"""What operators change: one checked ``Settings``, and what it is made of. No I/O here."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Any, Literal

import msgspec

from klaviyo_spark.config.secrets import VARIABLE
from klaviyo_spark.config.times import parse_time

RESOURCE_NAMES = (
    "campaigns",
    "events",
    "flows",
    "lists",
    "metrics",
    "profiles",
    "segments",
    "tags",
)
# Groups of klaviyo_plus, which are resources too, and those that each cannot be read without.
PLUS_NEEDS: dict[str, tuple[str, ...]] = {
    "account": (),
    # A campaign counts where it was sent; days are in the account's zone.
    "campaign_variations": ("account", "campaigns"),
    "catalogs": (),
    "coupons": (),
    "forms": (),
    "metric_days": (),
    "predictions": (),
    "push_tokens": (),
    "reports": ("account", "campaigns"),
    "segment_days": ("account",),
    "templates": (),
}
PLUS_NAMES = tuple(PLUS_NEEDS)
# Of the schemas of tables that a rebuild makes beside those that readers see.
ASIDE = "_rebuild"

Name = Annotated[str, msgspec.Meta(pattern=r"\A[A-Za-z0-9_-]+\Z")]
Currency = Annotated[str, msgspec.Meta(pattern=r"\A[A-Z]{3}\Z")]
ConcurrentRequests = Annotated[int, msgspec.Meta(ge=1, le=64)]
Variable = Annotated[str, msgspec.Meta(pattern=r"\A[A-Za-z_][A-Za-z0-9_]*\Z")]
Text = Annotated[str, msgspec.Meta(min_length=1)]
Share = Annotated[float, msgspec.Meta(gt=0, le=1)]
Treatment = Literal["keep", "hash", "drop"]
LoadsBy = Literal["auto", "spark"]
ColumnName = Annotated[str, msgspec.Meta(pattern=r"\A[a-z][a-z0-9_]*\Z")]
Property = Annotated[str, msgspec.Meta(pattern=r"\A[^'\\]+\Z")]


class Schemas(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the schemas are called; in a folder each is a folder ``NAME.db``."""

    bronze: Name = "klaviyo_bronze"
    silver: Name = "klaviyo_v2"
    ops: Name = "klaviyo_ops"
    plus: Name = "klaviyo_plus"
    # Of views alone, which no run makes unless it is said; of several accounts one each.
    dbt: Name | None = None


CheckName = Literal[
    "missing_key",
    "type_mismatch",
    "invalid_elements",
    "empty_elements",
    "duplicate_keys",
    "multiple_listings",
    "missing_timestamp",
    "future_timestamp",
]


class PersonalData(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Per class: ``keep`` shows values as they are, ``hash`` digests, ``drop`` nothing."""

    email: Treatment = "keep"
    phone: Treatment = "keep"
    name: Treatment = "keep"
    location: Treatment = "keep"
    ip: Treatment = "keep"
    external_id: Treatment = "keep"
    url: Treatment = "keep"
    free_form: Treatment = "keep"
    # A push token or a coupon's code: whoever has it can use it.
    credential: Treatment = "drop"
    # Klaviyo's own id names nobody outside of Klaviyo; tables are keyed and joined by it.
    id: Literal["keep"] = "keep"


class ExtraColumn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A column of the user's own: which property fills it, its type and class of personal data."""

    property: Property
    type: Literal["string", "boolean", "int", "bigint", "double", "timestamp", "date"] = "string"
    pii: Literal[
        "none", "email", "phone", "name", "location", "ip", "external_id", "url", "free_form"
    ] = "free_form"


class Entry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One account in conf: its name, where its key is, and settings that are its own.

    ``Settings`` says what each means. What an entry does not say, conf says for all, but
    for the key: that is each account's own.
    """

    name: Text
    key_variable: Variable | msgspec.UnsetType | None = msgspec.UNSET
    secret_scope: Text | msgspec.UnsetType | None = msgspec.UNSET
    secret_key: Text | msgspec.UnsetType | None = msgspec.UNSET
    resources: tuple[str, ...] | msgspec.UnsetType = msgspec.UNSET
    plus: str | tuple[Text, ...] | msgspec.UnsetType = msgspec.UNSET
    start: str | msgspec.UnsetType | None = msgspec.UNSET
    metrics: str | tuple[Text, ...] | msgspec.UnsetType = msgspec.UNSET
    currency: Currency | msgspec.UnsetType | None = msgspec.UNSET
    rate_limit_share: Share | msgspec.UnsetType = msgspec.UNSET
    base_url: str | msgspec.UnsetType = msgspec.UNSET

    @property
    def values(self) -> dict[str, Any]:
        """What the entry says, by name of the setting."""
        fields = {name: getattr(self, name) for name in self.__struct_fields__ if name != "name"}
        said = {name: value for name, value in fields.items() if value is not msgspec.UNSET}
        return {"account": self.name, **said}


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All that can be set, with what holds where nothing is set. ``conf/base.yml`` explains each.

    Durations are ``7d``, ``36h``, ``30m`` in conf; times are ISO 8601, UTC without an offset.
    """

    account: Text = "default"
    accounts: tuple[Entry, ...] = ()
    base_url: str = "https://a.klaviyo.com"
    warehouse: Text = "./lake"
    catalog: Name | None = None
    schemas: Schemas = Schemas()
    resources: tuple[str, ...] = RESOURCE_NAMES
    plus: str | tuple[Text, ...] = ()
    start: str | None = None
    lookback: timedelta = timedelta(days=7)
    full_profiles_every: timedelta = timedelta(days=30)
    full_members_every: timedelta = timedelta(days=7)
    full_coupon_codes_every: timedelta = timedelta(days=7)
    full_predictions_every: timedelta = timedelta(days=7)
    full_reports_every: timedelta = timedelta(days=30)
    attribution_window: timedelta = timedelta(days=5)
    conversion_metrics: tuple[Text, ...] = ()
    indexing_lag: timedelta = timedelta(minutes=2)
    max_deleted_share: Share = 0.5
    metrics: str | tuple[Text, ...] = "documented"
    event_properties: bool = True
    event_columns: dict[ColumnName, ExtraColumn] = {}
    profile_columns: dict[ColumnName, ExtraColumn] = {}
    currency: Currency | None = None
    change_data_feed: bool = False
    loads_by: LoadsBy = "auto"
    checks: dict[CheckName, Literal["warn", "fail"]] = {}
    personal_data: PersonalData = PersonalData()
    optimize: bool = True
    vacuum_after: timedelta | None = timedelta(days=7)
    bronze_retention: timedelta | None = None
    rate_limit_share: Share = 1.0
    max_concurrent_requests: ConcurrentRequests = 16
    key_variable: Variable | None = VARIABLE
    secret_scope: str | None = None
    secret_key: str | None = None
    secret_hash_scope: str | None = None
    secret_hash_key: str | None = None

    @property
    def start_time(self) -> datetime | None:
        """``start`` in UTC; None means all history."""
        return parse_time(self.start) if self.start else None

    @property
    def plus_groups(self) -> tuple[str, ...]:
        """The groups of ``klaviyo_plus`` that ``plus`` switches on, with all that they need.

        Events of the metrics that the account calls its commerce need ``account``.
        """
        named = {*(PLUS_NAMES if self.plus == "all" else self.plus)}
        if "commerce" in self.metrics and {"events", "metric_days"} & {*self.resources, *named}:
            named.add("account")
        needed = {needs for name in named for needs in PLUS_NEEDS[name]}
        every = (*RESOURCE_NAMES, *PLUS_NAMES)
        return tuple(name for name in every if name in named or name in needed)

    @property
    def optional_resources(self) -> frozenset[str]:
        """Resources that a key may lack the scope for: ``all`` names none of them."""
        return frozenset(PLUS_NAMES if self.plus == "all" else ())
