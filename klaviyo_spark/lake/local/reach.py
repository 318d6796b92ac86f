"""Whether a store lets us in: one request, before anything is made there. No Spark here."""

from __future__ import annotations

import re
import uuid
from dataclasses import replace

from pyarrow import fs

from klaviyo_spark import messages
from klaviyo_spark.errors import ConfigError
from klaviyo_spark.lake.local.storage import file_system, put
from klaviyo_spark.lake.local.store import StoreFolder

# Who asks whether the store is there does not want to wait for as long as who writes to it.
_IMPATIENT = (("max_retries", "2"), ("retry_timeout", "15s"))
_NO_BUCKET = re.compile(r"NoSuchBucket|bucket does not exist", re.IGNORECASE)
_OTHER_REGION = re.compile(
    r"PermanentRedirect|AuthorizationHeaderMalformed|301 Moved|region .* is wrong"
    r"|IllegalLocationConstraint",
    re.IGNORECASE,
)
_NO_CREDENTIALS = re.compile(
    r"no credentials|CredentialsNotLoaded|credentials? provider|not provide credentials"
    r"|169\.254\.169\.254|failed to load (?:IMDS|credentials)",
    re.IGNORECASE,
)
_WRONG_KEY = re.compile(
    r"InvalidAccessKeyId|UserNotFound|SignatureDoesNotMatch|ExpiredToken|InvalidToken"
    r"|TokenRefreshRequired"
)
# How delta-rs draws that one error comes of another.
_ARROW = re.compile(r"(?:\x1b\[\d+m)?↳(?:\x1b\[\d+m)?")
_NO_RIGHT = re.compile(r"AccessDenied|Access Denied|403 Forbidden|PermissionDenied", re.IGNORECASE)


def check_store(folder: StoreFolder, warehouse: str) -> None:
    """See that the folder can be listed.

    Args:
        warehouse: what a person calls it.

    Raises:
        ConfigError: there is no such bucket, or it does not let us in; says what to do.
    """
    try:
        files = file_system(replace(folder, options=(*folder.options, *_IMPATIENT)))
        files.get_file_info(fs.FileSelector("", allow_not_found=True, recursive=False))
    except Exception as error:
        raise ConfigError(refusal(f"{error}", folder, warehouse, "list")) from error


def check_writable(folder: StoreFolder, warehouse: str) -> None:
    """See that an object can be put there and taken back.

    Raises:
        ConfigError: it cannot.
    """
    name = f".klaviyo-spark-{uuid.uuid4()}"
    impatient = replace(folder, options=(*folder.options, *_IMPATIENT))
    try:
        put(impatient, name, memoryview(b"written by klaviyo-spark doctor, which removes it"))
    except Exception as error:
        raise ConfigError(refusal(f"{error}", folder, warehouse, "write")) from error
    try:
        file_system(impatient).delete_file(name)
    except Exception as error:
        raise ConfigError(refusal(f"{error}", folder, warehouse, "delete")) from error


def refusal(error: str, folder: StoreFolder, warehouse: str, action: str) -> str:
    """What is said of a store that refuses a request.

    Args:
        error: delta-rs's words.
        action: what was asked for, as rights are called: list, write, delete.
    """
    told = dict(folder.options)
    region = told.get("AWS_REGION", "of the profile or machine")
    if _NO_BUCKET.search(error):
        return messages.warehouse.NO_SUCH_BUCKET(path=warehouse, bucket=folder.bucket)
    if _OTHER_REGION.search(error):
        return messages.warehouse.OTHER_REGION(path=warehouse, region=region)
    if _WRONG_KEY.search(error):
        code = _WRONG_KEY.findall(error)[0]
        return messages.warehouse.WRONG_CREDENTIALS(path=warehouse, code=code)
    if _NO_CREDENTIALS.search(error):
        return messages.warehouse.NO_CREDENTIALS(path=warehouse)
    if _NO_RIGHT.search(error):
        return messages.warehouse.NO_RIGHT(path=warehouse, action=action)
    where = told.get("AWS_ENDPOINT_URL", "AWS")
    return messages.warehouse.UNREACHABLE(path=warehouse, reason=f"{where}: {_last_words(error)}")


def _last_words(error: str) -> str:
    """The innermost cause, on one line."""
    causes = [" ".join(cause.split()) for cause in _ARROW.split(error)]
    return f"{causes[-1]:.200}"
