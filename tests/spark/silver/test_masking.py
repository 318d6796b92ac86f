"""Rows with personal data as digests or without it: cells, texts, quarantine, the key's secrecy."""

from __future__ import annotations

import hashlib
import json
import re
from typing import Any

from klaviyo_spark.config.models import PersonalData
from klaviyo_spark.config.personal_data import Personal, digest, pads
from klaviyo_spark.config.secrets import HashKey
from klaviyo_spark.resources import TABLES
from klaviyo_spark.silver.masking import mask_personal_data
from klaviyo_spark.silver.newest_rows import keep_newest
from klaviyo_spark.silver.parse.project import project
from klaviyo_spark.silver.quality import with_broken
from tests.builders import a_page, a_record, an_event, pages_df

KEY = HashKey("a key that no plan may show: ü")
HASHED = Personal(
    PersonalData(email="hash", phone="hash", name="hash", location="hash", ip="hash"), KEY
)
DROPPED = Personal(
    PersonalData(email="drop", phone="drop", name="drop", location="drop", ip="drop", url="drop")
)


def of(value: str) -> str:
    return digest(KEY, value)


def rows(spark, table: str, personal: Personal, *records: Any) -> list[dict[str, Any]]:
    spec = TABLES[table]
    pages = pages_df(spark, a_page(spec.sources[0].endpoint, *records))
    found = mask_personal_data(
        keep_newest(with_broken(project(pages, spec), spec), spec), spec, personal
    )
    return [row.asDict(True) for row in found.orderBy(spec.key[0]).collect()]


PROFILES = [
    a_record(
        "profile",
        "P1",
        email=" Jürgen.Ö@Example.com",
        phone_number="+1 500-555-0006",
        external_id="cust-1",
        first_name="Jürgen 'O\\'",
        last_name="",
        location={"city": "Zürich", "latitude": 42.36, "ip": "192.0.2.7"},
        properties={
            "note": "write to\nAnn+x@Example.com, or +1 (500) 555-0006; not mailto:b%40x.org",
            "$first_name": 'An"n',
            "Last Name": "Lee",
            "City": "",
            "zip": 8001,
            "agent": "Chrome/120.0.0.0 from 2001:db8::1 at 12:30:45",
            "shoe": 42.50,
            "nested": {"phone": "044 123", "deep": ["a@b.co", True, None]},
        },
    ),
    a_record("profile", "P2", email=None, properties=None),
    {"type": "profile", "attributes": {"email": "ann@x.com", "first_name": "Ann"}},
]


def test_digests_are_those_of_hmac_and_stand_in_texts_too(spark):
    broken, one, two = rows(spark, "profiles", HASHED, *PROFILES)

    assert one["email"] == of("jürgen.ö@example.com")
    assert one["phone_number"] == of("+15005550006")
    assert one["first_name"] == of("Jürgen 'O\\'")
    assert (one["last_name"], one["external_id"], one["profile_id"]) == ("", "cust-1", "P1")
    assert one["location_city"] == of("Zürich")
    assert one["location_latitude"] is None, "a number cannot hold a digest"
    assert one["location_ip"] == of("192.0.2.7")
    assert json.loads(one["properties"]) == {
        "note": f"write to\n{of('ann+x@example.com')}, or {of('+15005550006')}; "
        f"not mailto:{of('b@x.org')}",
        "$first_name": of('An"n'),
        "Last Name": of("Lee"),
        "City": "",
        "zip": of("8001"),
        "agent": f"Chrome/120.0.0.0 from {of('2001:db8::1')} at 12:30:45",
        "shoe": 42.5,
        "nested": {"phone": of("044123"), "deep": [of("a@b.co"), True, None]},
    }
    assert (two["email"], two["properties"]) == (None, None)
    record = json.loads(broken["broken"]["record"])
    assert record["attributes"] == {"email": of("ann@x.com"), "first_name": of("Ann")}


def test_what_is_dropped_is_null_in_cells_and_marked_in_texts(spark):
    event = an_event(
        properties={
            "URL": "https://x.org/?e=ann%40x.com",
            "To Number": "+15005550006",
            "$extra": {"IP Address": "192.0.2.7", "From City": "Boston", "Message Body": "Hi Ann"},
            "reply": 'ask "ann@x.com"',
        }
    )
    event["relationships"]["profile"]["data"]["id"] = "P9"
    [found] = rows(spark, "events", DROPPED, event)

    for column in ("url", "to_number", "extra_ip_address", "ip", "extra_from_city"):
        assert found[column] is None, column
    assert (found["profile_data_id"], found["extra_message_body"]) == ("P9", "Hi Ann")
    assert json.loads(found["_event_properties"]) == {
        "URL": "https://x.org/?e=[email]",
        "To Number": None,
        "$extra": {"IP Address": None, "From City": None, "Message Body": "Hi Ann"},
        "reply": 'ask "[email]"',
    }


def test_texts_of_any_content_can_go_as_a_whole(spark):
    some = Personal(PersonalData(free_form="drop"))
    broken, one, _ = rows(spark, "profiles", some, *PROFILES)

    assert (one["properties"], broken["broken"]["record"]) == (None, None)
    assert (one["first_name"], broken["broken"]["violation"]) == (
        "Jürgen 'O\\'",
        "key is NULL: profile_id",
    )


def test_no_plan_holds_the_key(spark, capsys):
    pages = pages_df(spark, a_page("profiles", *PROFILES))
    spec = TABLES["profiles"]

    mask_personal_data(
        keep_newest(with_broken(project(pages, spec), spec), spec), spec, HASHED
    ).explain(True)

    plan = capsys.readouterr().out
    assert "_inner_pad" in plan
    inner, outer = pads(KEY)
    for secret in (KEY.reveal().encode(), inner, outer):
        forms = (secret.decode("latin-1"), secret.hex(), re.sub("..", r"\\x\g<0>", secret.hex()))
        assert not any(form[:32].lower() in plan.lower() for form in forms)


def test_rows_of_a_lake_that_keeps_all_are_left_alone(spark):
    pages = pages_df(spark, a_page("profiles"))
    found = project(pages, TABLES["profiles"])
    assert mask_personal_data(found, TABLES["profiles"], Personal()) is found


def a_code(id: str, code: str) -> dict[str, Any]:
    return a_record("coupon-code", id, unique_code=code, status="USED")


def test_a_code_of_a_coupon_is_shown_as_conf_says_and_its_id_with_it(spark):
    codes = [a_code("10OFF-SECRET1", "SECRET1"), a_code("10OFF-SECRET2", "SECRET2")]

    def shown(treatment: str) -> set[tuple[str, str | None]]:
        personal = Personal(PersonalData(credential=treatment), KEY)  # type: ignore[arg-type]
        found = rows(spark, "coupon_codes", personal, *codes)
        return {(row["coupon_code_id"], row["unique_code"]) for row in found}

    ids = ("10OFF-SECRET1", "10OFF-SECRET2")
    assert shown("keep") == {*zip(ids, ("SECRET1", "SECRET2"), strict=True)}
    assert shown("drop") == {(hashlib.sha256(id.encode()).hexdigest(), None) for id in ids}
    assert shown("hash") == {(of(f"10OFF-SECRET{n}"), of(f"SECRET{n}")) for n in (1, 2)}


def test_quarantine_holds_no_credential_unless_they_are_kept(spark):
    [row] = rows(spark, "push_tokens", Personal(), a_record("push-token", " ", token="abc123"))
    assert json.loads(row["broken"]["record"])["attributes"] == {"token": None}
