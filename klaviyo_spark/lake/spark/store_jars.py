"""Jars of Hadoop's file systems for stores: fetched once, where a lake is on a store.

``hadoop-aws`` asks for the whole of Amazon's SDK in one jar of 600 MB, for each service there is.
Here it gets the parts that it uses, of the version that it was built with: 25 MB.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path

from klaviyo_spark import messages
from klaviyo_spark.errors import ConfigError
from klaviyo_spark.lake.spark import jars, os_user

logger = logging.getLogger(__name__)

# What brings Hadoop's file systems, by scheme; each has the version of Spark's own Hadoop.
PACKAGES = {
    "s3a": "org.apache.hadoop:hadoop-aws",
    "abfss": "org.apache.hadoop:hadoop-azure",
    "gs": "org.apache.hadoop:hadoop-gcp",
}
HADOOP = {"4.2": "3.5.0", "4.0": "3.4.1"}
# The SDK that each was built with, and what S3A loads of it.
_SDK = {"3.5.0": "2.35.4", "3.4.1": "2.24.6"}
_MODULES = (
    "apache-client",
    "netty-nio-client",
    "s3",
    "s3-transfer-manager",
    "sts",
)
_EXCLUDED = (
    "software.amazon.awssdk:bundle",
    "org.slf4j:*",
    "io.netty:*",
    "commons-codec:*",
    "commons-logging:*",
)


def is_needed(warehouse: str) -> bool:
    """Whether Spark reaches a lake there only by more than it brings."""
    return warehouse.startswith("s3a://")


def of_scheme(warehouse: str, spark: str, environ: Mapping[str, str]) -> list[Path]:
    """The jars that a session needs for a lake there; none where Spark has all it needs.

    Raises:
        ConfigError: KLAVIYO_SPARK_JARS lacks them, or no package registry answers.
    """
    version = HADOOP.get(jars.minor(spark))
    if not is_needed(warehouse) or version is None:
        return []
    names = [f"hadoop-aws-{version}.jar"]
    given = environ.get("KLAVIYO_SPARK_JARS")
    if given:
        if not jars.in_folder(Path(given), names):
            raise ConfigError(messages.spark.STORE_JARS_MISSING(folder=given, jars=names[0]))
        return []  # all of that folder is on the class path
    return cached(spark, environ) or _fetch(version, environ)


def cached(spark: str, environ: Mapping[str, str]) -> list[Path]:
    """The jars that an earlier session has fetched; none where they are not all there."""
    version = HADOOP[jars.minor(spark)]
    return jars.trusted_jars(_kept_in(version, environ), _names(version))


def _packages(version: str) -> str:
    sdk = [f"software.amazon.awssdk:{module}:{_SDK[version]}" for module in _MODULES]
    return ",".join([f"{PACKAGES['s3a']}:{version}", *sdk])


def _names(version: str) -> list[str]:
    modules = [f"{module}-{_SDK[version]}.jar" for module in _MODULES]
    return [f"hadoop-aws-{version}.jar", *modules]


def _kept_in(version: str, environ: Mapping[str, str]) -> list[Path]:
    name = f"s3a-{version}-sdk-{_SDK[version]}"
    return [cache / "klaviyo-spark" / name for cache in os_user.caches(environ)]


def _fetch(version: str, environ: Mapping[str, str]) -> list[Path]:
    logger.info("fetching Hadoop's S3A %s, once", version)
    fetched = jars.resolve(_packages(version), ",".join(_EXCLUDED), environ)
    names = _names(version)
    if not all(any(jar.name.endswith(name) for jar in fetched) for name in names):
        raise ConfigError(messages.spark.NO_STORE_JARS(jars=f"hadoop-aws-{version}.jar"))
    return jars.keep(fetched, _kept_in(version, environ), names)
