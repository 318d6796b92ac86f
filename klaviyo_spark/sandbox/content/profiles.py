"""Profiles: who there is, and what each one's attributes are, worked out from its number."""

from __future__ import annotations

import random
from typing import Any

from klaviyo_spark.sandbox.ids import mixed, ulid
from klaviyo_spark.sandbox.model import Json, Profile, World
from klaviyo_spark.sandbox.times import DAY_S, SECOND_US, stamp

_FIRST = ("Ann", "José", "Мария", "李", "Zoë", "O'Neil", 'Quo"te', "Søren", "  Pad ", "Ann")
_LAST = ("Smith", "García", "Иванова", "小龙", "Müller", "van der Berg", None, "Ng")
_CITIES = (
    ("Boston", "MA", "United States", "America/New_York", "42.36", -71.06),
    ("München", "BY", "Germany", "Europe/Berlin", 48.137154, "11.576124"),
    ("São Paulo", None, "Brazil", "America/Sao_Paulo", -23.55, -46.63),
    ("東京", "Tokyo", "Japan", "Asia/Tokyo", "35.6895", "139.6917"),
    ("", "", "", None, "", None),
)
_DOMAINS = ("example.com", "example.org", "mail.example.net", "exämple.de")
_CONSENTS = ("SUBSCRIBED", "SUBSCRIBED", "UNSUBSCRIBED", "NEVER_SUBSCRIBED", "SUBSCRIBED")
_METHODS = ("PREFERENCE_PAGE", "FORM", "BULK_IMPORT", "API", None, "SHOPIFY")
REASONS = ("HARD_BOUNCE", "INVALID_EMAIL", "SPAM_COMPLAINT", "UNSUBSCRIBE", "USER_SUPPRESSED", None)
LONG_TEXT = '<p>Grüße, \u2028 \\ " tab\t</p>' * 4000


def add_profiles(world: World, count: int) -> None:
    """``count`` profiles, created over the last three years."""
    chance = random.Random(f"profiles:{world.seed}")
    for n in range(count):
        created = world.today - chance.randrange(60, 3 * 365 * DAY_S)
        if n % 40 == 0:
            created -= created % DAY_S  # right on a midnight, where windows are cut
        micros = chance.randrange(SECOND_US) if n % 3 == 0 else 0
        age = world.today - created
        updated = created + (age * chance.randrange(100) // 100)
        add_profile(world, n, created * SECOND_US + micros, updated * SECOND_US + micros)


def add_profile(world: World, n: int, created: int, updated: int) -> Profile:
    """One more profile. Every 17th has no e-mail address, every 101st no phone either."""
    noise = mixed(n, world.seed)
    id = _old_id(noise) if n % 50 == 3 else ulid(created // 1000, n, world.seed)
    if id in world.profiles:
        id += str(n)
    email = None if n % 17 == 0 or n % 101 == 0 else f"p{n}@{_DOMAINS[noise % 4]}"
    profile = Profile(n, id, email, created, updated)
    world.profiles[id] = profile
    return profile


def is_quiet(profile: Profile) -> bool:
    """Quiet profiles have no events, so they may change or go without any event changing."""
    return profile.n % 20 == 7


def _old_id(noise: int) -> str:
    letters = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefgh"
    return "".join(letters[noise >> shift & 31] for shift in range(0, 30, 5))


def phone_number(profile: Profile) -> str | None:
    """E.164, for two in three."""
    if profile.n % 101 == 0 or (profile.n % 3 == 1 and profile.email is not None):
        return None
    return f"+1500555{profile.n % 10_000:04d}"


def attributes(profile: Profile, subscriptions: bool) -> Json:
    """A profile's attributes as served; ``subscriptions`` only when they were asked for."""
    n = profile.n
    noise = mixed(n, 11)
    made: Json = {
        "email": profile.email,
        "phone_number": phone_number(profile),
        "external_id": f"{n:08d}" if n % 4 == 0 else None,
        "first_name": _FIRST[noise % 10] if n % 7 else None,
        "last_name": _LAST[noise // 16 % 8],
        "organization": "Ac\u00ad\u200bme, Inc." if n % 13 == 0 else None,
        "locale": "en-US" if n % 2 else None,
        "title": "Dr." if n % 19 == 0 else "",
        "image": f"https://img.example.com/{n}.png" if n % 23 == 0 else None,
        "created": stamp(profile.created, 2 if profile.created % SECOND_US else n),
        "updated": stamp(profile.updated, 2 if profile.updated % SECOND_US else n + 1),
        "last_event_date": stamp(profile.updated - 60 * SECOND_US, n) if n % 3 else None,
        "location": _location(n, noise),
        "properties": _properties(n, noise),
    }
    if subscriptions:
        made["subscriptions"] = _subscriptions(profile, noise)
    for name, value in profile.changes.items():
        if name != "subscriptions" or subscriptions:
            made[name] = value
    return made


def predictions(profile: Profile) -> Json:
    """What Klaviyo predicts of somebody: of those who never ordered nothing."""
    n = profile.n
    noise = mixed(n, 23)
    if n % 3 == 0:
        return dict.fromkeys(_PREDICTED)
    numbers = (noise % 9_000 / 100, noise // 7 % 5_000 / 100, noise % 12, noise // 11 % 300 / 100)
    historic, predicted, orders, next_orders = numbers
    values = (
        historic,
        predicted,
        historic + predicted,
        orders,
        next_orders,
        float(noise // 13 % 200) if orders > 1 else None,
        historic / orders if orders else None,
        noise // 17 % 1_000 / 1_000,
        stamp(profile.created + noise % (400 * 86_400) * SECOND_US, n),
        [("email", "push", "sms"), ("sms", "email"), ()][n % 3 if n % 2 else 2],
    )
    return dict(zip(_PREDICTED, values, strict=True))


_PREDICTED = (
    "historic_clv", "predicted_clv", "total_clv", "historic_number_of_orders",
    "predicted_number_of_orders", "average_days_between_orders", "average_order_value",
    "churn_probability", "expected_date_of_next_order", "ranked_channel_affinity",
)  # fmt: skip


def _location(n: int, noise: int) -> Json | None:
    if n % 11 == 0:
        return None
    city, region, country, timezone, latitude, longitude = _CITIES[noise // 256 % 5]
    return {
        "address1": f"{n} Main St.\nRear" if n % 5 == 0 else None,
        "address2": "Apt. 7" if n % 25 == 0 else None,
        "city": city,
        "country": country,
        "latitude": latitude,
        "longitude": longitude,
        "region": region,
        "zip": "02110",
        "timezone": timezone,
        "ip": f"203.0.113.{n % 256}" if n % 6 == 0 else None,
    }


def _properties(n: int, noise: int) -> Json | None:
    if n % 29 == 0:
        return None
    if n % 31 == 0:
        return {}
    made: Json = {
        "favourite": ("blue", "vert", "красный", "")[noise % 4],
        "Accepts Marketing": "true" if n % 2 else True,
        "orders": n % 50,
        "$source": "-6" if n % 2 else -6,
    }
    if n % 5 == 0:
        made["$consent_timestamp"] = stamp(1_782_173_723_918_411 + n, 1)
        made["a.dotted.key"] = {"deep": [1, 2.5, None, {"x": "ÿ"}], "Deep": "case"}
    if n % 7 == 0:
        made["lifetime value"] = noise  # more than 53 bits
        made["huge"] = 123456789012345678901234567890123456789
    if n % 9 == 0:
        made["Loyalty"] = 1
        made["loyalty"] = "one"
    if n % 1000 == 501:
        made["page html"] = LONG_TEXT
    return made


def _subscriptions(profile: Profile, noise: int) -> Json | None:
    n = profile.n
    if n % 37 == 0:
        return None
    return {
        "email": email_subscription(profile, noise) if profile.email else None,
        "sms": _sms_subscription(profile, noise) if n % 4 else None,
        "mobile_push": {"marketing": {"can_receive_push_marketing": False, "consent": None}},
        "whatsapp": None,
    }


def email_subscription(profile: Profile, noise: int) -> Json:
    """The e-mail half of a profile's subscriptions, suppressions included."""
    n = profile.n
    consent = _CONSENTS[noise // 1024 % 5]
    suppressions = [_suppression(n, k) for k in range((n % 6 == 0) + (n % 12 == 0))]
    in_lists: list[Json] = []
    if n % 8 == 0:
        in_lists.append({"list_id": f"L{n % 5}gone", **_suppression(n + 1, 0)})
    if n % 24 == 0:
        in_lists.append({"list_id": f"L{n % 3}gone", **_suppression(n + 2, 1)})
    return {
        "marketing": {
            "can_receive_email_marketing": consent == "SUBSCRIBED" and not suppressions,
            "consent": consent,
            "consent_timestamp": stamp(profile.created, n) if n % 3 else None,
            "last_updated": stamp(profile.updated, n),
            "method": _METHODS[noise // 4096 % 6],
            "method_detail": "" if n % 2 else f"form {n % 9}",
            "custom_method_detail": "counter" if n % 15 == 0 else None,
            "double_optin": None if n % 10 == 9 else n % 2 == 0,
            "suppression": suppressions,
            "list_suppressions": in_lists,
        },
        "open_tracking": None,
    }


def _sms_subscription(profile: Profile, noise: int) -> Json:
    n = profile.n
    marketing: dict[str, Any] = {
        "can_receive_sms_marketing": n % 2 == 0,
        "consent": _CONSENTS[noise // 65_536 % 5],
        "consent_timestamp": stamp(profile.created, n + 2) if n % 5 else None,
        "last_updated": stamp(profile.updated, n),
        "method": _METHODS[noise // 262_144 % 6],
        "method_detail": None if n % 5 else "keyword JOIN",
    }
    return {"marketing": None if n % 41 == 0 else marketing, "transactional": None}


def _suppression(n: int, k: int) -> Json:
    reason = REASONS[(n // 6 + k) % 6]
    at = stamp((1_700_000_000 + n * 1000 + k) * SECOND_US, n + k)
    return {"reason": reason, "timestamp": None if (n + k) % 10 in (4, 5) else at}
