"""A lake on S3 or what speaks like it: one environment, told to delta-rs and to Hadoop alike.

Credentials are not among what is told: each library finds them by itself, in the variables, profile
files and roles that AWS' own tools know. No I/O here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit

SCHEMES = frozenset({"s3", "s3a"})
# Any will do where a store of one's own asks for none.
_REGION = "us-east-1"
_TRUE = frozenset({"1", "true", "yes", "on"})


@dataclass(frozen=True)
class StoreFolder:
    """A folder of a store, as delta-rs reaches it; what of a ``Path`` a reader of tables needs.

    Args:
        uri: without a slash at its end.
        options: delta-rs's ``storage_options``; no secret is among them.
    """

    uri: str
    options: tuple[tuple[str, str], ...] = ()

    def __truediv__(self, name: str) -> StoreFolder:
        return replace(self, uri=f"{self.uri}/{name}")

    def __str__(self) -> str:
        return self.uri

    @property
    def name(self) -> str:
        """The last part of its path."""
        return self.uri.rpartition("/")[2]

    @property
    def parent(self) -> StoreFolder:
        """The folder that it is in."""
        return replace(self, uri=self.uri.rpartition("/")[0])

    @property
    def bucket(self) -> str:
        """The bucket that it is in."""
        return urlsplit(self.uri).netloc


# Where delta-rs reads and writes tables: on this machine, or on a store.
Folder = Path | StoreFolder


@dataclass(frozen=True)
class Endpoint:
    """How a store is spoken to.

    Args:
        url: None for AWS' own.
        region: None where profile or machine say it.
        path_style: the bucket stands in the path and not in the host's name.
    """

    url: str | None
    region: str | None
    path_style: bool


def endpoint(environ: Mapping[str, str]) -> Endpoint:
    """The store that the environment names, by the variables of AWS' own tools.

    A store of one's own mostly has no name in the DNS for each bucket, so there the bucket goes
    into the path; ``AWS_VIRTUAL_HOSTED_STYLE_REQUEST`` says otherwise.
    """
    url = _first(environ, "AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL")
    region = _first(environ, "AWS_REGION", "AWS_DEFAULT_REGION")
    virtual = environ.get("AWS_VIRTUAL_HOSTED_STYLE_REQUEST", "").lower() in _TRUE
    return Endpoint(url, region or (_REGION if url else None), url is not None and not virtual)


def store_folder(uri: str, environ: Mapping[str, str]) -> StoreFolder:
    """The folder that ``uri`` names, with what delta-rs is told of its store."""
    there = endpoint(environ)
    options = {
        # A commit is put where no object is yet, or refused: without it two writers lose one.
        "AWS_CONDITIONAL_PUT": "etag",
        "AWS_S3_ALLOW_UNSAFE_RENAME": "false",
        # Profile files and roles are asked for a store of one's own too.
        "AWS_FORCE_CREDENTIAL_LOAD": "true",
        "AWS_VIRTUAL_HOSTED_STYLE_REQUEST": "false" if there.path_style else "true",
    }
    if there.url:
        options["AWS_ENDPOINT_URL"] = there.url
        options["AWS_ALLOW_HTTP"] = "true" if there.url.startswith("http:") else "false"
    if there.region:
        options["AWS_REGION"] = there.region
    return StoreFolder(uri.rstrip("/"), tuple(sorted(options.items())))


def hadoop_conf(environ: Mapping[str, str]) -> dict[str, str]:
    """The same for Hadoop's S3A, as settings of a Spark session."""
    there = endpoint(environ)
    conf = {
        # As delta-rs finds them: variables, profile files, web identity, container, instance.
        "aws.credentials.provider": (
            "software.amazon.awssdk.auth.credentials.DefaultCredentialsProvider"
        ),
        "path.style.access": "true" if there.path_style else "false",
        # A file that is not to be replaced is put only where there is none.
        "create.conditional.enabled": "true",
        # Folders are no objects: they are neither looked for nor made again. Not `create`: with it
        # every file replaces what is there, and a commit that of another writer.
        "performance.flags": "mkdir,delete",
        # Parquet's readers jump: what lies between is not read.
        "experimental.input.fadvise": "random",
    }
    if there.url:
        conf["endpoint"] = there.url
        conf["connection.ssl.enabled"] = "false" if there.url.startswith("http:") else "true"
    if there.region:
        conf["endpoint.region"] = there.region
    return {f"spark.hadoop.fs.s3a.{name}": value for name, value in conf.items()}


def _first(environ: Mapping[str, str], *names: str) -> str | None:
    return next((environ[name] for name in names if environ.get(name)), None)
