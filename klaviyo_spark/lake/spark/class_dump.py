"""Makes Java's class archive: runs a small local session and lets Java write down its classes.

No run of a user's does this: Java writes for ten seconds and more after the last command, when the
process that started it has gone. ``make setup`` does, or ``python -m`` this module.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from klaviyo_spark.errors import KlaviyoSparkError, in_a_line
from klaviyo_spark.lake.arrow import frame
from klaviyo_spark.lake.merge import same_key, upsert
from klaviyo_spark.lake.spark import (
    class_archive,
    folders,
    gateway,
    jars,
    java,
    os_user,
    session,
    session_conf,
)
from klaviyo_spark.lake.spark.sql_settings import hold
from klaviyo_spark.schema import sql_text

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

_WRITTEN_WITHIN_S = 300.0
# What a session of the preset SHORT does without.
_GENERATED = {"spark.sql.codegen.wholeStage": "true", "spark.sql.codegen.factoryMode": "FALLBACK"}


def dump(archive: Path) -> None:
    """Run a session, and have Java write ``archive`` at its end.

    Raises:
        ConfigError: no session can be made.
        OSError: Java has not written it.
    """
    with tempfile.TemporaryDirectory() as folder:
        # The preset that is done soonest; the archive serves all of them.
        spark = session.local_session(
            f"{folder}/warehouse", "local[*]", session_conf.SparkPreset.SHORT, archive
        )
        exercise(spark, Path(folder))
        spark.stop()
        code = gateway.stop(_WRITTEN_WITHIN_S)
    if code or not archive.is_file():
        raise OSError(f"Java ended with exit code {code} and wrote no archive")


def exercise(spark: SparkSession, folder: Path) -> None:
    """Do once what each run does, interpreted and with generated code."""
    _write_and_read(spark, folder / "interpreted")
    with hold(spark, _GENERATED):
        _write_and_read(spark, folder / "generated")


def _write_and_read(spark: SparkSession, folder: Path) -> None:
    table = f"delta.{sql_text.name(str(folder))}"
    spark.sql(
        f"CREATE TABLE {table} (id BIGINT, name STRING, day DATE) USING delta PARTITIONED BY (day)"
    )
    pages = frame(spark, [(1, '{"name": "a"}'), (2, "{}")], id="bigint", body="string")
    rows = pages.selectExpr("id", "get_json_object(body, '$.name') AS name", "current_date AS day")
    rows.writeTo(table).append()
    changed = rows.selectExpr("id + 1 AS id", "name", "day")
    spark.sql(upsert(table, same_key(["id"]), ["id", "name", "day"]), rows=changed)
    spark.sql(
        f"SELECT day, count(*) AS rows, max(name) AS name FROM {table} GROUP BY day ORDER BY day"
    ).toArrow()


def _build() -> class_archive.Build:
    spark, delta = jars.installed()
    os_user.check_name()
    folders.check_folders()
    home = java.choose(os.environ, java.recorded_home(Path(sys.prefix)))
    os.environ["JAVA_HOME"] = str(home)  # the jars may have to be fetched
    return class_archive.build_of(home, spark, jars.delta_jars(spark, delta, os.environ))


def main() -> None:
    """For the set-up: have the archive where every later session finds it."""
    from py4j.protocol import Py4JError
    from pyspark.errors import PySparkException

    try:
        build = _build()
        if class_archive.find(build, os.environ) is None:
            sys.stdout.write("setup: making Java's class archive, so that Spark starts sooner\n")
            sys.stdout.flush()
            class_archive.keep(build, os.environ, dump)
    except (KlaviyoSparkError, OSError) as error:
        _refuse(str(error))
    except (PySparkException, Py4JError) as error:
        _refuse(in_a_line(error))


def _refuse(reason: str) -> NoReturn:
    sys.exit(f"setup: no class archive, Spark starts without it: {reason}")


if __name__ == "__main__":
    main()
