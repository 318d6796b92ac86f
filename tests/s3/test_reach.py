"""What is said of a real store that lets nobody in, and that a test write leaves nothing behind."""

from __future__ import annotations

import pytest

from klaviyo_spark.errors import ConfigError
from klaviyo_spark.lake.local.reach import check_store, check_writable
from klaviyo_spark.lake.location import location
from tests.s3.server import KEY, SECRET, s3_server


def look(uri: str) -> None:
    """As the doctor does."""
    place = location(uri)
    assert place.store
    check_store(place.store, uri)
    check_writable(place.store, uri)


def test_a_store_that_lets_us_in_is_left_as_it_was(store):
    look("s3://lakes/untouched/lake")

    assert not [one for one in store.files_of("s3://lakes/untouched").rglob("*") if one.is_file()]


@pytest.mark.parametrize(
    ("environ", "said"),
    [
        ({"AWS_ACCESS_KEY_ID": "another"}, "the store refuses the credentials"),
        (
            {"AWS_SECRET_ACCESS_KEY": "another"},
            "the store refuses the credentials (SignatureDoesNotMatch)",
        ),
        ({"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}, "no credentials found"),
        ({"AWS_REGION": "eu-west-1"}, "the bucket is not in the region eu-west-1"),
        ({"AWS_ENDPOINT_URL": "http://127.0.0.1:1"}, "Connection refused"),
    ],
)
def test_a_store_that_does_not_is_told_by_what_is_wrong(store, monkeypatch, environ, said):
    for name, value in environ.items():
        monkeypatch.setenv(name, value) if value else monkeypatch.delenv(name)

    with pytest.raises(ConfigError) as refused:
        look("s3a://lakes/lake")

    assert said in str(refused.value)


def test_a_bucket_that_is_not_there_is_told_by_its_name(store):
    with pytest.raises(ConfigError, match="the store has no bucket nobodys"):
        look("s3a://nobodys/lake")


def test_a_store_that_may_only_be_read_is_told_by_the_right_that_lacks(
    tmp_path, store, monkeypatch
):
    with s3_server(tmp_path, "--readonly") as readonly:
        monkeypatch.setenv("AWS_ENDPOINT_URL", readonly.url)

        with pytest.raises(ConfigError, match="these credentials may not write there"):
            look("s3a://lakes/lake")


def test_credentials_and_region_of_a_profile_are_found(store, monkeypatch, tmp_path):
    credentials, config = tmp_path / "credentials", tmp_path / "config"
    keys = f"aws_access_key_id = {KEY}\naws_secret_access_key = {SECRET}"
    credentials.write_text(f"[brand]\n{keys}\n", encoding="utf-8")
    config.write_text("[profile brand]\nregion = us-east-1\n", encoding="utf-8")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_PROFILE", "brand")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", f"{credentials}")
    monkeypatch.setenv("AWS_CONFIG_FILE", f"{config}")

    look("s3a://lakes/lake")
