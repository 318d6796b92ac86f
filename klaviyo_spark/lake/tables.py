"""The lake's tables by name: where each is, made from its spec and kept in its shape.

A lake is a folder (``DIR/klaviyo_v2.db/events``, any reader opens it) or schemas of a catalog.
Nothing goes round Spark to the file system, so a folder may be any URI Spark can reach.

It is long, since to open a table is to make it, to fit it to its spec, or to say why not.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial

from pyspark.errors import AnalysisException
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from klaviyo_spark import messages
from klaviyo_spark.config.models import ASIDE, Schemas, Settings
from klaviyo_spark.errors import ConfigError, TableDiffers, in_a_line
from klaviyo_spark.lake import table_diff, table_format
from klaviyo_spark.lake.file_lock import root_of
from klaviyo_spark.lake.local import tables as local_tables
from klaviyo_spark.lake.local.driver_tables import DriverTables
from klaviyo_spark.lake.local.log_files import log_files
from klaviyo_spark.lake.local.store import Folder
from klaviyo_spark.lake.local.tables import TableShape
from klaviyo_spark.lake.location import Location, location
from klaviyo_spark.lake.spark.lazy_session import LazySession
from klaviyo_spark.lake.unreadable import is_damage, unreadable
from klaviyo_spark.resources import DOCUMENTED, TABLES
from klaviyo_spark.schema import bronze_table, sql_text
from klaviyo_spark.schema import ops_tables as ops
from klaviyo_spark.schema.bookkeeping import BOOKKEEPING, columns_of
from klaviyo_spark.schema.sql_text import text as _text
from klaviyo_spark.schema.table import TableSpec

logger = logging.getLogger(__name__)

# What our statements need anywhere: tables take updates, and what `forget` deletes leaves its file.
# Deletion vectors gained nothing at the size of a daily change.
_PROPERTIES = {"delta.appendOnly": "false", "delta.enableDeletionVectors": "false"}
# A session may have other defaults than Delta's. In a folder each is stated, so that any reader
# opens the table and delta-rs appends to it; in a catalog such things are the platform's to decide.
_FOLDER_PROPERTIES = {
    **_PROPERTIES,
    "delta.checkpointPolicy": "classic",
    "delta.columnMapping.mode": "none",
    "delta.enableChangeDataFeed": "false",
    "delta.enableInCommitTimestamps": "false",
    "delta.enableRowTracking": "false",
    "delta.enableTypeWidening": "false",
    "delta.minReaderVersion": "1",
    "delta.minWriterVersion": "2",
}
# Table properties: the columns that we have made, and of others those that a run has named.
COLUMNS, NAMED = "klaviyo_spark.columns", "klaviyo_spark.foreign_columns"
CHANGE_FEED = "delta.enableChangeDataFeed"
# Of the columns the ones that conf has ever asked for, so that one may go from conf and come back.
EXTRA = "klaviyo_spark.extra_columns"
# Of a table that stands aside: by this ``staging`` knows it for ours.
STAGED = {"klaviyo_spark.staged": "true"}
# What Spark and Delta say of a table, its folder, its schema or its catalog that is not there.
_NOT_THERE = ("NOT_FOUND", "DOES_NOT_EXIST", "MISSING_DELTA_TABLE", "NOT_EXIST")


def is_not_there(error: AnalysisException) -> bool:
    """Whether Spark says that a table is not there, rather than that it may not be read."""
    return any(word in f"{error.getCondition()}" for word in _NOT_THERE)


def folder_in(name: str) -> str:
    """The folder that SQL's name of a table, which is in no catalog, has in it: a URI."""
    return name.removeprefix("delta.`").removesuffix("`").replace("``", "`")


def _name_kept(table: str, foreign: Sequence[str]) -> str:
    return messages.lake.FOREIGN_COLUMNS(table=table, columns=", ".join(foreign))


def _name_emptied(table: str, foreign: Sequence[str]) -> str:
    return messages.lake.FOREIGN_COLUMNS_EMPTIED(table=table, columns=", ".join(foreign))


@dataclass(frozen=True)
class Place:
    """Where the lake is: a folder or URI, or a catalog; and what its schemas are called.

    Args:
        change_data_feed: its tables keep what changes in them, as well.
    """

    warehouse: str
    catalog: str | None
    bronze: str
    silver: str
    ops: str
    plus: str = Schemas().plus
    change_data_feed: bool = False

    def schema_of(self, table: str) -> str:
        """The schema that readers see a silver table in."""
        spec = TABLES.get(table)
        return self.plus if spec and spec.schema == "plus" else self.silver

    def silver_table(self, name: str) -> str:
        """How SQL names a silver table that readers see."""
        return self.table(self.schema_of(name), name)

    def table(self, schema: str, name: str) -> str:
        """How SQL names a table."""
        if self.catalog:
            return f"`{self.catalog}`.`{schema}`.`{name}`"
        folder = f"{self.uri.rstrip('/')}/{schema}.db/{name}"
        return f"delta.{sql_text.name(folder)}"

    @property
    def uri(self) -> str:
        """The folder or URI as Spark is told it; behind a catalog as conf has it."""
        return self.warehouse if self.catalog else self.location.uri

    @cached_property
    def location(self) -> Location:
        """Where a lake is that is in no catalog."""
        return location(self.warehouse)


def place_in(warehouse: str, settings: Settings) -> Place:
    """The place that conf names, its warehouse checked."""
    schemas = settings.schemas
    return Place(
        warehouse,
        settings.catalog,
        schemas.bronze,
        schemas.silver,
        schemas.ops,
        schemas.plus,
        settings.change_data_feed,
    )


class Tables:
    """The lake's tables, made when first asked for.

    Args:
        aside: silver tables that stand beside those that readers see, and all operators' tables
            with them: what is made anew is whole before anybody sees it.

    Attributes:
        session: the session, which may not have started.
        account_id: whose pages and silver rows are seen; None for those of all accounts.
        is_small: the driver holds silver tables, as it always does the operators'.
    """

    account_id: str | None = None
    is_small: bool = False

    def __init__(
        self, spark: SparkSession | LazySession, place: Place, aside: frozenset[str] = frozenset()
    ) -> None:
        self.session, self.place, self.aside = LazySession.wrap(spark), place, aside
        self._known: set[str] = set()
        # Tables are used side by side, and one of two that make a table at once would fail.
        self._making: dict[str, threading.Lock] = {}
        # Per table, as SQL names it, the columns that are not ours; of these, those to be named.
        self._foreign: dict[str, tuple[str, ...]] = {}
        self._to_name: dict[str, tuple[str, ...]] = {}
        # Per table, the columns that conf asked for once and does no more.
        self._retired: dict[str, frozenset[str]] = {}
        self._emptied: list[str] = []
        self._driver = DriverTables(self.session)

    @property
    def spark(self) -> SparkSession:
        """The session, which starts now if it has not yet."""
        return self.session.get()

    def pages(self) -> DataFrame:
        """``klaviyo_bronze.pages``: one row per page as received."""
        return self._rows_of_account(self._rows(self._bronze()), "account_id")

    def silver(self, table: TableSpec) -> DataFrame:
        """One silver table as it is."""
        name = self._silver(table)
        rows = self._driver_rows(name) if self.is_small else self._rows(name)
        return self._rows_of_account(rows, "_account_id")

    @property
    def has_pages(self) -> bool:
        """Whether bronze is there; of a lake that only Spark can look at, it may be."""
        folder = self._driver_folder(self.place.table(self.place.bronze, "pages"))
        return folder is None or local_tables.newest_version(folder) is not None

    def _rows_of_account(self, rows: DataFrame, account: str) -> DataFrame:
        """Rows of ours. A literal, so that Delta leaves out the files of other accounts."""
        ours = self.account_id
        return rows if ours is None else rows.where(f"{account} = {_text(ours)}")

    def ops(self, name: str) -> DataFrame:
        """One of the operators' tables."""
        return self._driver_rows(self._ops(name))

    def open(self, *names: str) -> None:
        """See that tables are there and of this release: ``pages``, a silver or an ops table.

        Raises:
            TableDiffers, TableUnreadable: one of them is not, see ``_open``.
        """
        for name in names:
            if name in TABLES:
                self._silver(TABLES[name])
            elif name in ops.TABLES:
                self._ops(name)
            else:
                self._bronze()

    def _driver_rows(self, name: str) -> DataFrame:
        """As ``_rows``, of a table that the driver holds if it is small."""
        folder = self._driver_folder(name)
        rows = self._driver.rows(folder) if folder else None
        if rows is None:
            return self._rows(name)
        foreign = self._foreign.get(name)
        return rows.drop(*foreign) if foreign else rows

    def _driver_folder(self, name: str) -> Folder | None:
        """The folder of a table that the driver may read and write without Spark."""
        return self._local_folder(name) if self._is_driver_lake else None

    @property
    def _is_driver_lake(self) -> bool:
        """Whether delta-rs is there, and reaches the lake's tables."""
        return root_of(self) is not None and local_tables.available()

    def _rows(self, name: str) -> DataFrame:
        """A table's rows, without columns that are not ours."""
        rows, foreign = self.spark.table(name), self._foreign.get(name)
        return rows.drop(*foreign) if foreign else rows

    def name_foreign_columns(self) -> list[str]:
        """A line per table whose columns are not all ours, where no run has said so before.

        One too per table that has been made anew, whose other columns are empty since.
        """
        lines = [_name_kept(name, foreign) for name, foreign in sorted(self._to_name.items())]
        lines += [_name_emptied(name, self._foreign[name]) for name in self._emptied]
        for name, foreign in self._to_name.items():
            try:
                self._set_property(name, NAMED, ",".join(foreign))
            except Exception as error:  # then the next run says it again
                logger.debug("%s: its columns are not noted as said: %s", name, in_a_line(error))
        self._to_name.clear()
        self._emptied.clear()
        return lines

    def _set_property(self, name: str, key: str, value: str) -> None:
        self.spark.sql(f"ALTER TABLE {name} SET TBLPROPERTIES ({_text(key)} = {_text(value)})")

    def _properties(self, name: str) -> dict[str, str]:
        # SHOW TBLPROPERTIES hides a value that holds the word "url", as lists of columns do.
        detail = self.spark.sql(f"DESCRIBE DETAIL {name}").select("properties").first()
        return dict(detail["properties"]) if detail else {}

    @property
    def schemas(self) -> Schemas:
        """What its schemas are called; the operators' tables may stand aside in one."""
        place = self.place
        ops = place.ops + (ASIDE if self.aside else "")
        return Schemas(place.bronze, place.silver, ops, place.plus)

    def names(self) -> dict[str, str]:
        """How SQL names each table, under its schema and name; see ``openers``."""
        return {table: opened() for table, opened in self.openers().items()}

    def openers(self) -> dict[str, Callable[[], str]]:
        """What opens each table, or makes it, and gives its name in SQL; per schema and name.

        Tables of ``klaviyo_plus`` that are not there are not made: nobody may have asked for them.
        """
        place, there = self.place, self.plus_there
        silver = {n: t for n, t in TABLES.items() if n in DOCUMENTED or n in there}
        return {
            f"{place.bronze}.pages": self._bronze,
            **{f"{place.schema_of(n)}.{n}": partial(self._silver, t) for n, t in silver.items()},
            **{f"{place.ops}.{name}": partial(self._ops, name) for name in ops.TABLES},
        }

    @property
    def plus_there(self) -> frozenset[str]:
        """Tables of ``klaviyo_plus`` that are there, damaged ones too."""
        names = TABLES.keys() - DOCUMENTED.keys()
        return frozenset(name for name in names if self._is_there(self.place.silver_table(name)))

    def _is_there(self, name: str) -> bool:
        folder = self._local_folder(name)
        if folder:
            return bool(log_files(folder).sizes)
        try:
            return self._shape(name) is not None
        except Exception as error:
            if not is_damage(error):
                raise
            return True

    def _bronze(self) -> str:
        return self._open(
            self.place.bronze,
            "pages",
            bronze_table.COLUMNS,
            "One row per page of an answer of Klaviyo, exactly as received.",
            partitions=bronze_table.PARTITIONS,
            statistics=bronze_table.STATISTICS,
        )

    def silver_schema(self, table: str) -> str:
        """The schema of a silver table, as this lake works with it."""
        return self.place.schema_of(table) + (ASIDE if table in self.aside else "")

    def _silver(self, table: TableSpec) -> str:
        columns = columns_of(table)
        described = [(c.name, c.type, c.doc) for c in columns]
        partition = (table.partition.name,) if table.partition else ()
        properties = dict(STAGED) if table.name in self.aside else {}
        if self.place.change_data_feed and table.name not in self.aside:
            properties[CHANGE_FEED] = "true"
        if table.extra:
            properties[EXTRA] = ",".join(column.name for column in table.extra)
        # Statistics only on accounts, times and metric ids: quicker, and no personal data in the
        # log.
        statistics = [
            c.name
            for c in columns
            if (c.type in ("timestamp", "date") or c.name == "metric_data_id")
            and c.name not in partition
        ]
        return self._open(
            self.silver_schema(table.name),
            table.name,
            (*described, *BOOKKEEPING),
            f"{table.doc} {table.note}".strip(),
            partitions=partition,
            statistics=(*statistics, "_account_id", "_landed_at", "_deleted_at"),
            properties=properties,
        )

    def check_extra_columns(self) -> None:
        """See that tables have the columns that conf asks for as it does, or have them not yet.

        Raises:
            ConfigError: one has another type there, or is somebody else's.
        """
        for table in TABLES.values():
            if not table.extra:
                continue
            name = self.place.silver_table(table.name)
            folder = self._local_folder(name)
            found = (folder and local_tables.shape(folder)) or self._shape(name)
            if found is None:
                continue
            ours = found.properties.get(EXTRA, "").split(",")
            there = {column: type for column, type, _ in found.columns}
            for column in table.extra:
                type = there.get(column.name, column.type)
                if type != column.type or (column.name in there and column.name not in ours):
                    raise ConfigError(
                        messages.conf.COLUMN_DIFFERS(
                            table=table.name, name=column.name, type=column.type, there=type
                        )
                    )

    def _ops(self, name: str) -> str:
        doc, columns = ops.TABLES[name]
        properties = STAGED if self.aside else {}
        schema = self.schemas.ops
        statistics = ops.STATISTICS.get(name)
        return self._open(schema, name, columns, doc, statistics=statistics, properties=properties)

    def ensure(self, name: str, columns: Iterable[tuple[str, str, str]], doc: str) -> str:
        """Create a table that ``ops_tables`` does not list, if need be; its name in SQL."""
        return self._ensure(self.place.table(self.place.ops, name), columns, doc)

    def _open(
        self,
        schema: str,
        table: str,
        columns: Iterable[tuple[str, str, str]],
        doc: str,
        *,
        partitions: Sequence[str] = (),
        statistics: Sequence[str] | None = None,
        properties: Mapping[str, str] | None = None,
    ) -> str:
        """``_ensure``, of one of the lake's tables.

        Raises:
            TableDiffers: a rebuild gives the table the columns of this release.
            TableUnreadable: it cannot be opened, or is not of our making.
        """
        name = self.place.table(schema, table)
        try:
            return self._ensure(
                name,
                columns,
                doc,
                partitions=partitions,
                statistics=statistics,
                properties=properties,
            )
        except TableDiffers as differs:
            if table in TABLES and "_account_id" in self.spark.table(name).columns:
                raise
            raise unreadable(schema, table, folder_in(name), differs.how) from differs
        except table_format.NoFormat as error:
            raise unreadable(schema, table, folder_in(name), str(error)) from error
        except Exception as error:
            if not is_damage(error):
                raise
            raise unreadable(schema, table, folder_in(name), in_a_line(error)) from error

    def _ensure(
        self,
        name: str,
        columns: Iterable[tuple[str, str, str]],
        doc: str,
        *,
        partitions: Sequence[str] = (),
        statistics: Sequence[str] | None = None,
        properties: Mapping[str, str] | None = None,
    ) -> str:
        """Create the table if it is not there; its comments are those of the spec.

        A column that a release has added is added to a table that is there.

        Raises:
            TableDiffers: a column is gone, or has another type.
        """
        with self._making.setdefault(name, threading.Lock()):
            if name not in self._known:
                columns = list(columns)
                every = dict(_PROPERTIES if self.place.catalog else _FOLDER_PROPERTIES)
                every |= table_format.PROPERTIES
                every[COLUMNS] = ",".join(c for c, _, _ in columns)
                every |= properties or {}
                if statistics is not None:
                    every["delta.dataSkippingStatsColumns"] = ",".join(statistics)
                self._make(name, columns, doc, partitions, every)
                self._known.add(name)
        return name

    def _make(
        self,
        name: str,
        columns: Sequence[tuple[str, str, str]],
        doc: str,
        partitions: Sequence[str],
        properties: Mapping[str, str],
    ) -> None:
        local = self._local_folder(name)
        found = local and local_tables.shape(local)
        if local and not found and local_tables.create(local, columns, doc, partitions, properties):
            return
        # Another run may have been quicker at making it.
        found = found or (local and local_tables.shape(local)) or self._shape(name)
        if found is None:
            self._create(name, columns, doc, partitions, properties)
            return
        table_format.check_format(folder_in(name), found.properties)
        self._fit(name, columns, partitions, found, properties.get(EXTRA, ""))
        if properties.get(CHANGE_FEED) == "true" != found.properties.get(CHANGE_FEED):
            self._set_property(name, CHANGE_FEED, "true")

    def _local_folder(self, name: str) -> Folder | None:
        """The folder of a table, where delta-rs reaches it."""
        if self.place.catalog or self.place.location.root is None:
            return None
        schema, table = folder_in(name).rstrip("/").split("/")[-2:]
        return self.place.location.root / schema / table

    def _create(
        self,
        name: str,
        columns: Sequence[tuple[str, str, str]],
        doc: str,
        partitions: Sequence[str],
        properties: Mapping[str, str],
    ) -> None:
        """Create the table by Spark."""
        if self.place.catalog:
            schema = name.rpartition(".")[0]
            self.spark.sql(f"CREATE SCHEMA IF NOT EXISTS {schema}")
        shape = ", ".join(f"`{c}` {type} COMMENT {_text(about)}" for c, type, about in columns)
        listed = ", ".join(f"{_text(k)} = {_text(v)}" for k, v in properties.items())
        by = f"PARTITIONED BY ({', '.join(partitions)})" if partitions else ""
        self.spark.sql(
            f"CREATE TABLE IF NOT EXISTS {name} ({shape}) USING delta {by} "
            f"COMMENT {_text(doc)} TBLPROPERTIES ({listed})"
        )
        if self.place.catalog or self._shape(name) is not None:
            return
        # A run that was killed at this has left an empty log, which CREATE takes for a table.
        cells = [
            F.lit(None).cast(type).alias(c, metadata={"comment": about})
            for c, type, about in columns
        ]
        no_rows = self.spark.range(0).select(*cells).write.format("delta").mode("append")
        no_rows.partitionBy(*partitions).options(**properties).save(folder_in(name))
        for key, value in properties.items():  # a writer takes none but Delta's own
            if not key.startswith("delta."):
                self._set_property(name, key, value)
        self.spark.sql(f"COMMENT ON TABLE {name} IS {_text(doc)}")

    def _shape(self, name: str) -> TableShape | None:
        """The table as Spark sees it; None if it has no version yet."""
        try:
            properties = self._properties(name)
            fields = self.spark.table(name).schema.fields
        except AnalysisException as error:
            if not is_not_there(error):
                raise
            return None
        columns = ((f.name, f.dataType.simpleString(), f.metadata.get("comment")) for f in fields)
        return TableShape(tuple(columns), properties)

    def _fit(
        self,
        name: str,
        columns: Sequence[tuple[str, str, str]],
        partitions: Sequence[str],
        there: TableShape,
        extra: str = "",
    ) -> None:
        """Add to the table what it lacks of ``columns``; ``extra``: those of conf, with commas."""
        properties = there.properties
        ours = {*properties[COLUMNS].split(",")} if COLUMNS in properties else None
        wanted = [(c, type) for c, type, _ in columns]
        once = {*filter(None, properties.get(EXTRA, "").split(","))}
        retired = once - {c for c, _ in wanted}
        if once:  # one that conf has no more is as one of somebody else's: left as it is
            ours = ({c for c, _, _ in there.columns} if ours is None else ours | once) - retired
            self._retired[name] = frozenset(retired)
        found = table_diff.difference(
            wanted, [(c, t) for c, t, _ in there.columns], partitions, ours
        )
        if found.foreign:
            self._foreign[name] = found.foreign
            others = tuple(column for column in found.foreign if column not in retired)
            if others and properties.get(NAMED) != ",".join(others):
                self._to_name[name] = others
        if found.misfits:
            how = ", ".join(found.misfits)
            raise TableDiffers(
                messages.lake.TABLE_DIFFERS(table=name, how=how),
                how,
            )
        said = {c: f"`{c}` {type} COMMENT {_text(about)}" for c, type, about in columns}
        if found.added:
            added = [f"{said[c]} " + (f"AFTER `{a}`" if a else "FIRST") for c, a in found.added]
            # First, or a run that is killed between the two would leave a column of nobody's.
            self._set_property(name, COLUMNS, ",".join(c for c, _ in wanted))
            if extra:
                self._set_property(name, EXTRA, ",".join(sorted({*extra.split(","), *once})))
            self.spark.sql(f"ALTER TABLE {name} ADD COLUMNS ({', '.join(added)})")
