"""The five views that the public package dbt_klaviyo (1.4) reads, over the tables of an account.

Their columns are those of the tables that Fivetran fills: ``tests/contract_dbt.py`` holds which the
package reads. No I/O here. Three things are ours to get right, since the package cannot:

- It counts events by the **name** of their metric, as Klaviyo called it in 2023. The view says that
  name of each documented metric, whatever Klaviyo calls it now. Of several metrics with one name it
  is that of one, and the others carry their integration's: two ``Placed Order`` would double money.
- It adds up ``property_value`` after it has taken away every character that is no digit, the minus
  sign and an exponent too. The view hands on plain decimals that are not negative.
- It adds up what it is given, in whatever currency. The view hands on one currency.

What is not handed on says why: ``_value_refusal``, one word per row.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from klaviyo_spark.commands.dbt.dialects import Dialect
from klaviyo_spark.commands.dbt.metric_names import metric_names
from klaviyo_spark.schema.sql_text import portable

# How the comment of a view begins, by which it is known for ours.
ABOUT = "Made by klaviyo-spark for dbt_klaviyo"
# Digits of money: as many as double holds of any sum, and six behind the point.
_MONEY = "decimal(28, 6)"


@dataclass(frozen=True)
class AccountScope:
    """The account that views are of.

    Args:
        account: its ``_account_id``.
        currency: the one that money is handed on in; None: the account's own, else the one that
            most events have.
        resources: what is read of it. Of ``account`` views take its currency and which metrics it
            calls revenue; without it, they go by the events.
    """

    account: str
    currency: str | None = None
    resources: Collection[str] = ()


@dataclass(frozen=True)
class DbtView:
    """A view; ``sql`` makes it, or makes it anew, and ``query`` is what it selects."""

    name: str
    comment: str
    columns: tuple[str, ...]
    query: str
    sql: str


def views(dialect: Dialect, schema: str, scope: AccountScope) -> tuple[DbtView, ...]:
    """The views of one account, in the order of the alphabet."""
    maker = _Maker(dialect, scope)
    made = {
        "campaign": maker.campaign(),
        "event": maker.event(),
        "flow": maker.flow(),
        "metric": maker.metric(),
        "person": maker.person(),
    }
    return tuple(_view(dialect, schema, name, *query) for name, query in made.items())


def script(dialect: Dialect, schema: str, scope: AccountScope) -> Iterator[str]:
    """All of it, as lines that any SQL shell takes."""
    yield f"CREATE SCHEMA IF NOT EXISTS {dialect.schema(schema)};"
    for view in views(dialect, schema, scope):
        yield f"{view.sql};"


def _view(
    dialect: Dialect, schema: str, name: str, columns: dict[str, str], before: str, rows: str
) -> DbtView:
    selected = ",\n".join(f"  {sql} AS {dialect.name(column)}" for column, sql in columns.items())
    query = f"{before}SELECT\n{selected}\n{rows}"
    # A catalog is told the view anew where its text has changed, and the comment says which it has.
    comment = f"{ABOUT} ({hashlib.sha256(query.encode()).hexdigest()[:12]})."
    target = f"{dialect.schema(schema)}.{dialect.name(name)}"
    return DbtView(
        name,
        comment,
        tuple(columns),
        query,
        f"CREATE OR REPLACE VIEW {target}{dialect.comment(comment)} AS\n{query}",
    )


class _Maker:
    """Makes the queries: columns by name, what stands before them, and what they are read from."""

    def __init__(self, dialect: Dialect, scope: AccountScope) -> None:
        self._dialect, self._scope = dialect, scope
        self._has_account = "account" in scope.resources
        self._names = metric_names(dialect.table, self._mine("k"), mapped=self._has_account)

    def campaign(self) -> tuple[dict[str, str], str, str]:
        """One row per campaign; its message is the first one that is there."""
        columns = {
            "id": "c.campaign_id",
            "name": "c.name",
            "status": "lower(c.status)",
            "status_label": "c.status",
            "status_id": "CAST(NULL AS string)",
            "campaign_type": "c.channel",
            "from_email": "m.content_from_email",
            "from_name": "m.content_from_label",
            "subject": "m.content_subject",
            "email_template_id": "m.template_data_id",
            "created": self._time("c.created_at"),
            "updated": self._time("c.updated_at"),
            "send_time": self._time("c.send_time"),
            "sent_at": f"CASE WHEN c.status = 'Sent' THEN {self._time('c.send_time')} END",
            "scheduled": self._time("c.scheduled_at"),
            "archived": "c.archived",
            **self._sync_columns("c", deleted=True),
        }
        before = (
            "WITH messages AS (\n"
            "  SELECT *, row_number() OVER (PARTITION BY _account_id, campaign_data_id ORDER BY\n"
            "    CASE WHEN _deleted_at IS NULL THEN 0 ELSE 1 END, created_at NULLS LAST,\n"
            "    campaign_message_id) AS place\n"
            f"  FROM {self._table('campaign_messages')}\n"
            ")\n"
        )
        rows = (
            f"FROM {self._table('campaigns')} c\n"
            "LEFT JOIN messages m ON m._account_id = c._account_id\n"
            "  AND m.campaign_data_id = c.campaign_id AND m.place = 1\n"
            f"WHERE {self._mine('c')}"
        )
        return columns, before, rows

    def flow(self) -> tuple[dict[str, str], str, str]:
        """One row per flow. Deleted ones stay, or the package would lose what they earned."""
        columns = {
            "id": "f.flow_id",
            "name": "f.name",
            "status": "f.status",
            "created": self._time("f.created"),
            "updated": self._time("f.updated"),
            "archived": "f.archived",
            "trigger_type": "f.trigger_type",
            **self._sync_columns("f", deleted=False),
        }
        return columns, "", f"FROM {self._table('flows')} f\nWHERE {self._mine('f')}"

    def metric(self) -> tuple[dict[str, str], str, str]:
        """One row per metric, under the name that its events have."""
        columns = {
            "id": "k.metric_id",
            "name": "n.name",
            "integration_id": "k.integration_id",
            "integration_name": "k.integration_name",
            "integration_category": "k.integration_category",
            "created": self._time("k.created"),
            "updated": self._time("k.updated"),
            **self._sync_columns("k", deleted=True),
        }
        rows = (
            f"FROM {self._table('metrics')} k\n"
            "LEFT JOIN names n ON n._account_id = k._account_id AND n.metric_id = k.metric_id\n"
            f"WHERE {self._mine('k')}"
        )
        return columns, f"WITH {self._names}\n", rows

    def person(self) -> tuple[dict[str, str], str, str]:
        """One row per profile."""
        columns = {
            "id": "p.profile_id",
            "address_1": "p.location_address1",
            "address_2": "p.location_address2",
            "city": "p.location_city",
            "country": "p.location_country",
            "zip": "p._zip",
            "created": self._time("p.created"),
            "email": "p.email",
            "first_name": "p.first_name",
            "last_name": "p.last_name",
            "latitude": "p.location_latitude",
            "longitude": "p.location_longitude",
            "organization": "p.organization",
            "phone_number": "p.phone_number",
            "region": "p.location_region",
            "timezone": "p.location_timezone",
            "title": "p._title",
            "updated": self._time("p.updated"),
            "last_event_date": self._time("p.last_event_date"),
            **self._sync_columns("p", deleted=True),
        }
        return columns, "", f"FROM {self._table('profiles')} p\nWHERE {self._mine('p')}"

    def event(self) -> tuple[dict[str, str], str, str]:
        """One row per event. Those of campaigns and profiles that are gone stay."""
        money = f"try_cast(e._value AS {_MONEY})"
        refusal = (
            "CASE WHEN e._value IS NULL THEN NULL\n"
            "    WHEN e._value < 0 THEN 'negative'\n"
            "    WHEN upper(e._value_currency) <> c.code THEN 'currency'\n"
            f"    WHEN {money} IS NULL THEN 'size' END"
        )
        attributed = '{"relationships":{"attributed-event":{"data":{"type":"event","id":"'
        at = self._time("e.event_datetime")
        columns = {
            "id": "e.id",
            "person_id": "e.profile_data_id",
            "campaign_id": "CASE WHEN e.flow IS NULL THEN coalesce(m.campaign_data_id, e.message) "
            "END",
            "flow_id": "e.flow",
            "flow_message_id": "CASE WHEN e.flow IS NOT NULL THEN e.message END",
            "_variation": "e.variation",
            "datetime": at,
            "timestamp": at,
            "metric_id": "e.metric_data_id",
            "uuid": "e.uuid",
            "type": "n.name",
            # By way of a decimal: a double's own text has an exponent from ten millions on.
            "property_value": f"CASE WHEN e.refusal IS NULL THEN CAST({money} AS string) END",
            "property_attribution": "CASE WHEN e.attribution_attributed_event_id IS NOT NULL\n"
            f"    THEN '{attributed}' || e.attribution_attributed_event_id || '\"}}}}}}}}' END",
            "_value_refusal": "e.refusal",
            **self._sync_columns("e", deleted=False),
        }
        before = (
            f"WITH {self._names},\n"
            f"currency AS (\n  SELECT {self._currency()} AS code\n),\n"
            "valued AS (\n"
            f"  SELECT e.*, {refusal} AS refusal\n"
            f"  FROM {self._table('events')} e CROSS JOIN currency c\n"
            f"  WHERE {self._mine('e')}\n"
            ")\n"
        )
        rows = (
            "FROM valued e\n"
            "LEFT JOIN names n ON n._account_id = e._account_id\n"
            "  AND n.metric_id = e.metric_data_id\n"
            f"LEFT JOIN {self._table('campaign_messages')} m ON m._account_id = e._account_id\n"
            "  AND m.campaign_message_id = e.message AND e.flow IS NULL"
        )
        return columns, before, rows

    def _currency(self) -> str:
        """The code of the currency that money is handed on in."""
        if self._scope.currency:
            return portable(self._scope.currency)
        most = (
            "(SELECT code FROM (\n"
            "    SELECT upper(_value_currency) AS code, count(*) AS event_count\n"
            f"    FROM {self._table('events')} e\n"
            f"    WHERE {self._mine('e')} AND _value_currency IS NOT NULL\n"
            "    GROUP BY upper(_value_currency)\n"
            "  ) s ORDER BY event_count DESC, code LIMIT 1)"
        )
        if not self._has_account:
            return most
        own = (
            "(SELECT max(upper(preferred_currency))"
            f" FROM {self._table('accounts')} a WHERE {self._mine('a')} AND _deleted_at IS NULL)"
        )
        return f"coalesce({own}, {most})"

    def _sync_columns(self, alias: str, *, deleted: bool) -> dict[str, str]:
        """What tells the package which rows are gone, and which are news."""
        return {
            "_fivetran_deleted": f"{alias}._deleted_at IS NOT NULL" if deleted else "false",
            "_fivetran_synced": self._time(f"{alias}._landed_at"),
        }

    def _mine(self, alias: str) -> str:
        return f"{alias}._account_id = {portable(self._scope.account)}"

    def _table(self, name: str) -> str:
        return self._dialect.table(name)

    def _time(self, value: str) -> str:
        return self._dialect.time(value)
