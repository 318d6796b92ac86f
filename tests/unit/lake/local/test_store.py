"""One environment, told to delta-rs and to Hadoop alike."""

from __future__ import annotations

import pytest

from klaviyo_spark.lake.local.store import Endpoint, endpoint, hadoop_conf, store_folder

OF_ONES_OWN = {
    "AWS_ENDPOINT_URL": "http://127.0.0.1:9000",
    "AWS_ACCESS_KEY_ID": "an-id",
    "AWS_SECRET_ACCESS_KEY": "a-secret",
}


@pytest.mark.parametrize(
    ("environ", "there"),
    [
        ({}, Endpoint(None, None, path_style=False)),
        ({"AWS_DEFAULT_REGION": "eu-west-1"}, Endpoint(None, "eu-west-1", path_style=False)),
        (
            {"AWS_REGION": "eu-west-1", "AWS_DEFAULT_REGION": "us-east-2"},
            Endpoint(None, "eu-west-1", path_style=False),
        ),
        (
            {"AWS_ENDPOINT_URL": "https://minio"},
            Endpoint("https://minio", "us-east-1", path_style=True),
        ),
        (
            {"AWS_ENDPOINT_URL": "https://all", "AWS_ENDPOINT_URL_S3": "https://s3"},
            Endpoint("https://s3", "us-east-1", path_style=True),
        ),
        (
            {"AWS_ENDPOINT_URL": "https://r2", "AWS_VIRTUAL_HOSTED_STYLE_REQUEST": "true"},
            Endpoint("https://r2", "us-east-1", path_style=False),
        ),
        ({"AWS_ENDPOINT_URL": "", "AWS_REGION": ""}, Endpoint(None, None, path_style=False)),
    ],
)
def test_a_store_is_named_by_the_variables_of_aws(environ, there):
    assert endpoint(environ) == there


def test_delta_rs_and_hadoop_are_told_the_same_store():
    options = dict(store_folder("s3a://bucket/lake", OF_ONES_OWN).options)
    conf = hadoop_conf(OF_ONES_OWN)

    assert (options["AWS_ENDPOINT_URL"], options["AWS_ALLOW_HTTP"]) == (
        "http://127.0.0.1:9000",
        "true",
    )
    assert options["AWS_VIRTUAL_HOSTED_STYLE_REQUEST"] == "false"
    assert conf["spark.hadoop.fs.s3a.endpoint"] == "http://127.0.0.1:9000"
    assert conf["spark.hadoop.fs.s3a.path.style.access"] == "true"
    assert conf["spark.hadoop.fs.s3a.connection.ssl.enabled"] == "false"
    assert options["AWS_REGION"] == conf["spark.hadoop.fs.s3a.endpoint.region"] == "us-east-1"


def test_no_secret_is_told_to_either():
    told = f"{store_folder('s3a://bucket/lake', OF_ONES_OWN)!r} {hadoop_conf(OF_ONES_OWN)}"

    assert "an-id" not in told
    assert "a-secret" not in told


def test_a_commit_replaces_no_object_whatever_the_environment_says():
    environ = {"AWS_S3_ALLOW_UNSAFE_RENAME": "true", "AWS_CONDITIONAL_PUT": "disabled"}

    options = dict(store_folder("s3a://bucket/lake", environ).options)

    assert options["AWS_CONDITIONAL_PUT"] == "etag"
    assert options["AWS_S3_ALLOW_UNSAFE_RENAME"] == "false"
    conf = hadoop_conf(environ)
    assert conf["spark.hadoop.fs.s3a.create.conditional.enabled"] == "true"
    assert "create" not in conf["spark.hadoop.fs.s3a.performance.flags"]


def test_a_folder_of_a_store_is_walked_like_a_path():
    table = store_folder("s3a://bucket/lake/", {}) / "klaviyo_v2.db" / "events"

    assert str(table) == "s3a://bucket/lake/klaviyo_v2.db/events"
    assert (table.name, table.parent.name, table.bucket) == ("events", "klaviyo_v2.db", "bucket")
