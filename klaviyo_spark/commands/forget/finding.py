"""Who is meant, and which pages and rows name them. It reads and writes nothing.

What is looked for stands beside the rows as a relation of one row, not as literals: a plan says a
relation's columns, not what is in it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from functools import partial

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from klaviyo_spark import messages
from klaviyo_spark.commands.forget.bodies import profiles_on
from klaviyo_spark.commands.forget.person import Person
from klaviyo_spark.commands.forget.readable import ReadableTables
from klaviyo_spark.config.personal_data import digest, normal
from klaviyo_spark.errors import LakeError
from klaviyo_spark.lake.arrow import frame
from klaviyo_spark.lake.lake import Lake
from klaviyo_spark.lake.maintenance import PAGE_KEY
from klaviyo_spark.schema.bookkeeping import columns_of
from klaviyo_spark.schema.table import TableSpec

# Of a page, all that may name somebody.
TEXTS = ("path", "query", "slice", "parent_id", "next_url", "body")
Pair = tuple[str, str]
"""A profile's id and an address that it had."""


@dataclass(frozen=True)
class PersonQuery:
    """Who was asked for, by one of the two."""

    profile: str = field(default="", repr=False)
    email: str = field(default="", repr=False)

    @property
    def identifier_type(self) -> str:
        """Which of the two."""
        return "profile" if self.profile else "email"

    @property
    def value(self) -> str:
        """The id, or the address in lower case."""
        return self.profile or normal("email", self.email)


@dataclass(frozen=True)
class PageKey:
    """Where a page is; ``identifies_owner``: it says whose the address is that was asked for."""

    resource: str
    ingest_date: date
    run_id: str
    batch_id: str
    walk_id: str
    page_number: int
    bytes: int
    identifies_owner: bool


@dataclass(frozen=True)
class PersonTraces:
    """A person and the pages that may name them."""

    person: Person
    pages: tuple[PageKey, ...]


def find(lake: Lake, asked: PersonQuery, readable: ReadableTables) -> PersonTraces:
    """Who was asked for, in all that the lake has of them.

    By an address: every profile that ever had it. Addresses of those profiles go with them, but not
    one that another profile has had as well: that stays, as that profile's.

    Args:
        lake: as the account sees it whose person it is.
        readable: takes note of tables that turn out to be damaged.

    Raises:
        LakeError: a page cannot be taken apart.
    """
    ids = {asked.value} if asked.identifier_type == "profile" else set()
    emails = {asked.value} - ids
    pairs: set[Pair] = set()
    pages: dict[PageKey, None] = {}
    looked_for, ids_left, emails_left = Person(), set(ids), set(emails)
    key = lake.personal.key
    while ids_left or emails_left:
        looked_for = a_person(lake, ids_left, emails_left)
        with readable.reading(lake.place.bronze, "pages"):
            for page, told in _pages(lake, looked_for, asked) if readable.has_pages else ():
                pages[page] = None
                pairs |= {pair for pair in told if pair[0] in ids or pair[1] in emails}
        shown = {digest(key, email): email for email in emails} if key else {}
        told_there = {
            (id, shown.get(email, email))
            for id, email in _told_by_silver(lake, looked_for, readable)
        }
        pairs |= {pair for pair in told_there if "@" in pair[1]}  # and not a digest of another
        ids_left = {id for id, email in pairs if email == asked.value} - ids
        ids |= ids_left
        emails_left = {email for id, email in pairs if id in ids} - emails
        emails |= emails_left
    shared = {email for id, email in pairs if id not in ids} - {asked.value}
    kept = tuple(pages) if readable.has_pages else ()
    return PersonTraces(a_person(lake, ids, emails - shared), kept)


def a_person(lake: Lake, ids: Iterable[str], emails: Iterable[str]) -> Person:
    """A person with the digests that the lake shows for the addresses."""
    emails, key = frozenset(emails), lake.personal.key
    digests = [digest(key, email) for email in emails] if key else []
    return Person(frozenset(ids), emails, frozenset(digests))


def with_needles(rows: DataFrame, person: Person) -> DataFrame:
    """``rows`` with what the person is found by, in columns ``w_...``."""
    return rows.crossJoin(F.broadcast(search_terms(rows.sparkSession, person)))


def search_terms(spark: SparkSession, person: Person) -> DataFrame:
    """One row: ``w_ids``, ``w_emails`` (digests too), ``w_forms``, ``w_pattern``."""
    row = (
        sorted(person.ids),
        sorted(person.emails | person.digests),
        sorted(person.forms),
        person.pattern,
    )
    some = "array<string>"
    return frame(spark, [row], w_ids=some, w_emails=some, w_forms=some, w_pattern="string")


def owned_by_sql(table: TableSpec, alias: str = "") -> str | None:
    """SQL: a row is the person's own; None where the table has no people in it.

    A row that has an address and nobody's id is not about that person: it is but scrubbed.
    """
    if not any(c.pii == "id" for c in columns_of(table)):
        return None
    dot = f"{alias}." if alias else ""
    parts = [
        f"array_contains(w_ids, {dot}`{c.name}`)" for c in columns_of(table) if c.pii == "id"
    ] + [
        f"array_contains(w_emails, lower(trim({dot}`{c.name}`)))"
        for c in columns_of(table)
        if c.pii == "email"
    ]
    return f"coalesce({' OR '.join(parts)}, false)" if parts else None


def texts_of(table: TableSpec) -> list[str]:
    """The columns that may name somebody although the row is not theirs."""
    return [c.name for c in columns_of(table) if c.type == "string" and c.name not in table.key]


def named_in(columns: Iterable[str], alias: str = "") -> str:
    """SQL: one of the columns may name the person; ``Person.pattern`` then says whether it does."""
    dot = f"{alias}." if alias else ""
    text = f"lower(concat_ws(' ', {', '.join(f'{dot}`{name}`' for name in columns)}))"
    # Through an array of one, or the text would be put together for each form.
    return f"exists(transform(array({text}), t -> exists(w_forms, f -> contains(t, f))), is -> is)"


def _pages(lake: Lake, person: Person, asked: PersonQuery) -> Iterator[tuple[PageKey, set[Pair]]]:
    """Pages that name the person, with the addresses that they tell."""
    rows = (
        with_needles(lake.pages(), person)
        .where(named_in(TEXTS))
        .drop("w_ids", "w_emails", "w_forms")
    )
    for row in rows.select(*PAGE_KEY, "bytes", "endpoint", "status", *TEXTS).toLocalIterator():
        if not any(person.is_named_in(row[name] or "") for name in TEXTS):
            continue
        try:
            told = set(profiles_on(row["body"])) if row["status"] == 200 else set()
        except (ValueError, RecursionError) as error:
            raise unreadable(row["walk_id"], row["page_number"], row["endpoint"]) from error
        facts = {name: row[name] for name in (*PAGE_KEY, "bytes")}
        yield PageKey(**facts, identifies_owner=identifies_owner(told, asked)), told


def identifies_owner(told: Iterable[Pair], asked: PersonQuery) -> bool:
    """Whether it is among the addresses told who was asked for."""
    return any(email == asked.value for _, email in told)


def unreadable(walk_id: str, page_number: int, endpoint: str) -> LakeError:
    """The refusal to leave somebody on a page."""
    return LakeError(
        messages.lake.FORGET_UNREADABLE_PAGE(
            walk_id=walk_id, page_number=page_number, endpoint=endpoint
        )
    )


def _told_by_silver(lake: Lake, person: Person, readable: ReadableTables) -> Iterator[Pair]:
    """The same of rows, which may be there where pages have gone by age."""

    def told_by(table: TableSpec, own: str, id: str, email: str) -> DataFrame:
        rows = with_needles(lake.silver(table), person).where(own)
        pairs = rows.select(F.col(id).alias("id"), F.lower(F.trim(email)).alias("e"))
        return pairs.where("id IS NOT NULL AND e IS NOT NULL AND e != ''").distinct()

    each: dict[str, Callable[[], DataFrame]] = {}
    for name, table in readable.silver.items():
        ids = [c.name for c in columns_of(table) if c.pii == "id"]
        emails = [c.name for c in columns_of(table) if c.pii == "email"]
        own = owned_by_sql(table)
        if ids and emails and own:
            each[name] = partial(told_by, table, own, ids[0], emails[0])
    for row in readable.collect(each):
        yield row["id"], row["e"]
