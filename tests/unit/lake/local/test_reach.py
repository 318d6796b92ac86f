"""What is said of a store that lets nobody in, by the words of delta-rs and of stores."""

from __future__ import annotations

import pytest

from klaviyo_spark.lake.local.reach import refusal
from klaviyo_spark.lake.local.store import store_folder

FOLDER = store_folder("s3a://lakes/lake", {"AWS_REGION": "eu-west-1"})


@pytest.mark.parametrize(
    ("error", "said"),
    [
        ("404 Not Found <Code>NoSuchBucket</Code>", "the store has no bucket lakes"),
        (
            "400 Bad Request <Code>AuthorizationHeaderMalformed</Code>",
            "the bucket is not in the region eu-west-1",
        ),
        (
            "301 Moved Permanently <Code>PermanentRedirect</Code>",
            "the bucket is not in the region eu-west-1",
        ),
        ("403 Forbidden <Code>AccessDenied</Code>", "these credentials may not write there"),
        (
            "403 Forbidden <Code>SignatureDoesNotMatch</Code>",
            "the store refuses the credentials (SignatureDoesNotMatch)",
        ),
        (
            "400 Bad Request <Code>ExpiredToken</Code>",
            "the store refuses the credentials (ExpiredToken)",
        ),
        ("no credentials found in chain. Attempted:\n  Environment", "no credentials found"),
        (
            "Error performing PUT http://169.254.169.254/latest/api/token 403 Forbidden",
            "no credentials found",
        ),
        (
            "Generic S3 error\n \x1b[31m↳\x1b[0m HTTP error\n  \x1b[31m↳\x1b[0m Connection "
            "refused (os error 111)",
            "cannot be reached: AWS: Connection refused (os error 111)",
        ),
    ],
)
def test_a_store_that_refuses_is_told_by_what_to_do(error, said):
    line = refusal(error, FOLDER, "s3a://lakes/lake", "write")

    assert line.startswith(f"warehouse s3a://lakes/lake: {said}. ")
    assert "\n" not in line
