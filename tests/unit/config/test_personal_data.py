"""What conf says of personal data, the key of its digests, and the digests themselves."""

from __future__ import annotations

import hashlib
import hmac
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from klaviyo_spark.config.models import PersonalData, Settings
from klaviyo_spark.config.personal_data import Personal, digest, normal, pads, personal
from klaviyo_spark.config.secrets import HashKey, find_hash_key
from klaviyo_spark.errors import ConfigError
from klaviyo_spark.resources import TABLES
from klaviyo_spark.schema.bookkeeping import columns_of

KEY = "0123456789abcdef"
HASHES = Settings(personal_data=PersonalData(email="hash"))
DATABRICKS = {"DATABRICKS_RUNTIME_VERSION": "17.3"}


@given(key=st.text(min_size=1, max_size=100), value=st.text())
def test_pads_and_two_digests_are_hmac(key: str, value: str):
    key, value = (text.encode(errors="ignore").decode() for text in (key, value))
    inner, outer = pads(HashKey(key))

    first = hashlib.sha256(inner + value.encode()).digest()
    actual = hashlib.sha256(outer + first).hexdigest()

    assert actual == hmac.new(key.encode(), value.encode(), "sha256").hexdigest()
    assert actual == digest(HashKey(key), value)


def test_one_mailbox_and_one_phone_have_one_digest_each():
    assert normal("email", " Ann@X.com ") == "ann@x.com"
    assert normal("phone", "+1 (500) 555-0006") == "+15005550006"
    assert normal("name", " Ann ") == " Ann "


def test_the_key_is_asked_for_only_where_something_is_hashed():
    assert personal(Settings(personal_data=PersonalData(name="drop")), {}).key is None
    hashed = personal(HASHES, {"KLAVIYO_HASH_KEY": f" {KEY}\n"})
    assert hashed.key is not None
    assert hashed.key.reveal() == KEY


def test_on_databricks_it_is_a_secret_of_the_same_scope():
    def vault(scope: str, key: str) -> str:
        return f"the secret {key} of {scope}"

    environ = {**DATABRICKS, "KLAVIYO_HASH_KEY": KEY}
    assert find_hash_key("s", "k", environ, vault).reveal() == "the secret k of s"
    assert find_hash_key("s", None, environ, vault).reveal() == KEY


@pytest.mark.parametrize(
    ("environ", "message"),
    [
        (
            {},
            "no hash key is set, and `personal_data: hash` needs one. Make one with "
            "`openssl rand -hex 32`, keep it, and put it into KLAVIYO_HASH_KEY; on Databricks",
        ),
        ({"KLAVIYO_HASH_KEY": "short"}, "KLAVIYO_HASH_KEY: is too short. Use 16 characters"),
    ],
)
def test_without_a_good_key_nothing_is_hashed(environ: dict[str, str], message: str):
    with pytest.raises(ConfigError, match=message) as refused:
        personal(HASHES, environ)

    assert "short" not in f"{refused.value}".replace("too short", "")


def test_a_secret_that_databricks_does_not_give_names_the_variable():
    with pytest.raises(ConfigError, match="Elsewhere, set KLAVIYO_HASH_KEY"):
        find_hash_key("s", "k", {})


def test_the_key_shows_nowhere():
    found = Personal(PersonalData(email="hash"), HashKey(KEY))

    assert KEY not in f"{found} {found!r} {found.key!s}"
    assert "HashKey(***)" in repr(found)
    with pytest.raises(TypeError):
        pickle.dumps(found)


def said(table: str, key: str = KEY, **data: str) -> str | None:
    classes = PersonalData(**data)  # type: ignore[arg-type]
    return Personal(classes, HashKey(key)).policy_text(columns_of(TABLES[table]))


def test_a_load_says_what_of_its_table_is_not_shown_as_it_is():
    assert said("profiles") is None
    assert said("profile_email_suppressions", email="hash") is None
    assert said("member_lists", email="drop", phone="drop") == "email=drop"
    # What may hold anything is searched for every class.
    assert said("events", name="drop") == "name=drop"
    first = said("member_lists", email="hash")
    assert first == said("member_lists", email="hash", free_form="drop")
    assert first != said("member_lists", "another key of theirs", email="hash")


def test_credentials_are_left_out_unless_conf_says_otherwise_where_there_are_any():
    assert said("push_tokens") == "credential=drop"
    assert said("coupon_codes", credential="keep") is None
    assert said("coupon_codes", credential="hash").startswith("credential=hash key=")
    assert said("events", credential="hash") is None


def test_every_class_that_a_spec_tags_can_be_set():
    tagged = {c.pii for table in TABLES.values() for c in columns_of(table) if c.pii}
    assert tagged - {"credential_id"} == set(PersonalData.__struct_fields__)
