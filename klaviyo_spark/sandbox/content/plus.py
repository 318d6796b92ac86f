"""What an account has beside what klaviyo_v2 documents: itself, templates, forms, coupons, tokens.

Ids come from a seed of their own, so that all else is what it would be without.
"""

from __future__ import annotations

from klaviyo_spark.sandbox.ids import Ids, mixed
from klaviyo_spark.sandbox.model import Json, Record, Ref, World
from klaviyo_spark.sandbox.times import DAY_S, stamp_second

_FORMS = ("Welcome", "Exit intent", None, "Été 10 %", "Leaves tomorrow", "Draft only", "Quiz")
_FORM_TYPES = ("popup", "flyout", "embed", "full_page", "banner")
_TEMPLATES = ("Newsletter", "Welcome", "Récap ☀️", "", "Leaves tomorrow", "Changes tomorrow",
              "Blank", "Order confirmation")  # fmt: skip
_COUPONS = ("10OFF", "FREESHIP", "LEAVES", "Été")
_STATUSES = ("UNASSIGNED", "ASSIGNED_TO_PROFILE", "USED", "UNASSIGNED", "PROCESSING",
             "VERSION_NOT_ACTIVE")  # fmt: skip
_ENABLED = ("AUTHORIZED", "PROVISIONAL", "DENIED", "UNAUTHORIZED", "NOT_DETERMINED")
_CODES = 60


def add_plus(world: World, metrics: dict[str, str]) -> None:
    """All of it.

    Args:
        metrics: the id of each kind of event.
    """
    ids = Ids(f"plus:{world.seed}")
    _add_account(world, ids)
    _add_metrics(world, ids, metrics)
    for place, name in enumerate(_TEMPLATES):
        add_template(world, ids, name, place)
    for place, title in enumerate(_FORMS):
        _add_form(world, ids, title, place)
    for place, name in enumerate(_COUPONS):
        _add_coupon(world, name, place)
    for place, id in enumerate(list(world.profiles)[::7]):
        add_push_token(world, ids, id, place)


def _add_account(world: World, ids: Ids) -> None:
    id = ids.short()
    address: Json = {
        "address1": "1 Sample Street",
        "address2": "",
        "city": "Łódź",
        "region": None,
        "country": "Poland",
        "zip": "90-001",
    }
    attributes: Json = {
        "test_account": False,
        "contact_information": {
            "default_sender_name": "Sample Shop",
            "default_sender_email": "hello@sampleshop.example",
            "website_url": "https://sampleshop.example",
            "organization_name": "Sample Shop",
            "street_address": address,
        },
        "industry": "Ecommerce, Food and Beverage",
        "timezone": "America/New_York",
        "preferred_currency": "USD",
        "public_api_key": id,
        "locale": "en-US",
    }
    world.add(Record("account", id, attributes))


def _add_metrics(world: World, ids: Ids, metrics: dict[str, str]) -> None:
    """Metrics that are made of others, and which one Klaviyo takes for what."""
    order, refund, viewed, active = (
        ("metric", metrics[kind])
        for kind in ("placed_order", "refunded_order", "viewed_product", "active_on_site")
    )
    net = _add_custom(world, ids, "Net revenue", "value", [(order, "$value", None)], 0)
    filters = [{"property": "Browser", "filter": {"type": "string", "value": "Firefox"}}]
    _add_custom(world, ids, "Visits", "count", [(viewed, None, None), (active, None, filters)], 1)
    _add_custom(world, ids, "Leaves tomorrow", "count", [(viewed, None, None)], 2)
    mapped: dict[str, tuple[Ref | None, Ref | None]] = {
        "revenue": (order, None),
        "ordered_product": (None, None),
        "refunded_sales": (refund, None),
        "cancelled_sales": (None, net),
        "started_checkout": (None, None),
        "added_to_cart": (active, None),
        "viewed_product": (viewed, None),
    }
    for place, (id, (metric, custom)) in enumerate(mapped.items()):
        is_mapped = metric or custom
        at = stamp_second(world.today - 50 * DAY_S, place) if is_mapped else None
        refs = {"metric": metric, "custom-metric": custom}
        world.add(Record("mapped-metric", id, {"updated": at}, to_one=refs))


def _add_custom(
    world: World,
    ids: Ids,
    name: str,
    method: str,
    parts: list[tuple[Ref, str | None, list[Json] | None]],
    place: int,
) -> Ref:
    groups = [
        {"metric_id": ref[1], "value_property": value, "metric_filters": filters}
        for ref, value, filters in parts
    ]
    at = world.today - (300 - place) * DAY_S
    attributes: Json = {
        "name": name,
        "created": stamp_second(at, place),
        "updated": stamp_second(at + 60, place + 1),
        "definition": {"aggregation_method": method, "metric_groups": groups},
    }
    metrics = [ref for ref, _, _ in parts]
    record = Record("custom-metric", ids.uuid(), attributes, to_many={"metrics": metrics})
    return world.add(record).ref


def add_template(world: World, ids: Ids, name: str, place: int) -> Record:
    """A template of the library."""
    at = world.today - (400 - place) * DAY_S
    attributes: Json = {
        "name": name,
        "editor_type": ("SYSTEM_DRAGGABLE", "CODE", "USER_DRAGGABLE")[place % 3],
        "html": None if name == "Blank" else f"<html><body>{name} {{{{ person }}}}</body></html>",
        "text": "" if place % 4 == 3 else f"{name}\n{{{{ person }}}}",
        "amp": f"<html amp4email>{name}</html>" if place == 1 else None,
        "created": stamp_second(at, place),
        "updated": stamp_second(at + 3600, place + 1),
    }
    record = Record("template", ids.short(), attributes)
    world.library.add(record.id)
    return world.add(record)


def _add_form(world: World, ids: Ids, name: str | None, place: int) -> None:
    at = world.today - (200 - place) * DAY_S
    attributes: Json = {
        "name": name,
        "status": "draft" if place == 5 else "live",
        "ab_test": place == 1,
        "created_at": stamp_second(at, place),
        "updated_at": stamp_second(at + 600, place + 1),
    }
    form = world.add(Record("form", ids.short(), attributes, to_many={"form-versions": []}))
    for k in range((0, 2, 1)[place % 3] if place else 3):
        add_version(world, ids, form, place + k, at + k)


def add_version(world: World, ids: Ids, form: Record, place: int, at: int) -> Record:
    """A version of a form."""
    in_test = bool(form.attributes["ab_test"])
    attributes: Json = {
        "form_type": _FORM_TYPES[place % len(_FORM_TYPES)],
        "variation_name": f"Version {place}",
        "ab_test": {"variation_name": f"Arm {place % 2}"} if in_test else None,
        "status": ("live", "draft")[place % 2],
        "created_at": stamp_second(at, place),
        "updated_at": stamp_second(at + 300, place + 1),
    }
    id = f"{int(ids.uuid()[:7], 16) + 10_000_000}"
    version = Record("form-version", id, attributes, to_one={"form": form.ref})
    form.to_many["form-versions"].append(version.ref)
    return world.add(version)


def _add_coupon(world: World, name: str, place: int) -> None:
    monitor = {"low_balance_threshold": 10} if place == 0 else None
    attributes: Json = {
        "external_id": name,
        "description": None if place == 1 else f"{name} for you",
        "monitor_configuration": monitor,
    }
    coupon = world.add(Record("coupon", name, attributes, to_many={"coupon-codes": []}))
    people = list(world.profiles)
    for n in range(_CODES if place != 3 else 0):
        status = _STATUSES[n % len(_STATUSES)]
        given = status in ("ASSIGNED_TO_PROFILE", "USED") and bool(people)
        whose = ("profile", people[(n * 3 + place) % len(people)]) if given else None
        code = f"{name}{mixed(n, world.seed + place) % 36**6:06d}"
        attributes = {
            "unique_code": code,
            "expires_at": None if n % 5 == 0 else stamp_second(world.today + n * DAY_S, n),
            "status": status,
        }
        refs: dict[str, Ref | None] = {"coupon": coupon.ref, "profile": whose}
        record = world.add(Record("coupon-code", f"{name}-{code}", attributes, to_one=refs))
        coupon.to_many["coupon-codes"].append(record.ref)


def add_push_token(world: World, ids: Ids, profile_id: str, place: int) -> None:
    """A device of somebody's."""
    ios = place % 3 != 0
    at = world.today - (100 - place % 90) * DAY_S
    attributes: Json = {
        "token": f"{mixed(place, world.seed):016x}{mixed(place, 77):016x}",
        "enablement_status": _ENABLED[place % len(_ENABLED)],
        "platform": "ios" if ios else "android",
        "vendor": "apns" if ios else "fcm",
        "background": ("AVAILABLE", "DENIED")[place % 2],
        "created": stamp_second(at, place),
        "recorded_date": stamp_second(at + 7200, place + 1),
        "metadata": {
            "device_id": f"device-{mixed(place, 5) % 10**9}",
            "klaviyo_sdk": "swift" if ios else "android",
            "sdk_version": "4.2.0",
            "device_model": "iPhone14,2" if ios else None,
            "os_name": "ios" if ios else "android",
            "os_version": f"{17 + place % 3}",
            "manufacturer": "Apple" if ios else "Google",
            "app_name": "Sample Shop",
            "app_version": "1.0.4",
            "app_build": f"{place}",
            "app_id": "example.sampleshop.app",
            "environment": ("release", "debug")[place % 2],
        },
    }
    whose: dict[str, Ref | None] = {"profile": ("profile", profile_id)}
    world.add(Record("push-token", ids.uuid(), attributes, to_one=whose))
