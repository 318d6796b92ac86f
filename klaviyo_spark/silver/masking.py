"""Rows as silver shows them: personal data kept, as digests, or left out. No I/O here.

It is done after rows have been matched with their kind and before they are compared with the table,
so ``_row_hash`` is over what is shown. All of it is SQL that runs anywhere: HMAC-SHA-256 is two
``sha2`` over the key's pads. Those stand beside the rows as two columns of a relation of one row,
never as literals: a plan says a relation's columns, not what is in it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from klaviyo_spark.config.models import Treatment
from klaviyo_spark.config.personal_data import CREDENTIALS, TEXTS, Personal, pads
from klaviyo_spark.config.secrets import HashKey
from klaviyo_spark.lake.arrow import frame
from klaviyo_spark.resources import DOCUMENTED
from klaviyo_spark.schema import sql_text
from klaviyo_spark.schema.bookkeeping import columns_of
from klaviyo_spark.schema.columns import Column, Pii
from klaviyo_spark.schema.table import TableSpec
from klaviyo_spark.silver.parse.json_spelling import scalar

_INNER, _OUTER = "_inner_pad", "_outer_pad"

# What personal data looks like in a text that may hold anything. A match begins where a word does,
# also behind an escape of JSON or of a URL: `\n`, `\u003e`, `%20`.
_BEGINS = (
    r"(?:(?<![\p{L}\p{N}._+'%\\-])|(?<=%[0-9A-Fa-f]{2})|(?<=\\[nrtbf/\"\\])|(?<=\\u[0-9A-Fa-f]{4}))"
)
_LOOKS: dict[Pii, str] = {
    "email": _BEGINS + r"[\p{L}\p{N}._+'-]+(?:@|%40)[\p{L}\p{N}-]+(?:\.[\p{L}\p{N}-]+)+",
    "phone": r"(?<![\p{L}\p{N}.+])(?:\+|%2B)[1-9](?:[ ().-]{0,2}\d){6,14}(?!\d)",
    "ip": (
        # A browser's version (Chrome/120.0.0.0) is none.
        r"(?<![\p{N}./-])(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)(?![\d.])"
        r"|(?<![\p{L}\p{N}:])(?:[0-9A-Fa-f]{1,4}:){7}[0-9A-Fa-f]{1,4}(?![\p{L}\p{N}:])"
        r"|(?<![\p{L}\p{N}:])(?:[0-9A-Fa-f]{1,4}:){1,6}(?::[0-9A-Fa-f]{1,4}){1,6}(?![\p{L}\p{N}:])"
    ),
}
# Keys that no column is read from and that say the same.
_ALSO: dict[Pii, tuple[str, ...]] = {
    "phone": ("phone",),
    "location": ("zip", "zip code", "postal code", "street", "address"),
}
# Keys that say something else in most texts: a title is that of a product.
_NEVER = {"title"}
# A JSON scalar: a text, a number, true or false.
_SCALAR = r"(?:\"[^\"\\]*+(?:\\.[^\"\\]*+)*+\"|-?\d[\d.eE+-]*|true|false)"


def mask_personal_data(rows: DataFrame, table: TableSpec, personal: Personal) -> DataFrame:
    """``rows`` of ``table`` with personal data as ``personal`` says; what quarantine gets, too.

    Texts of any content that are kept lose what can be recognised of the other classes: e-mail
    addresses, phone numbers and IP addresses by their look, everything that has a column of its own
    by the name of its key.
    """
    secrets = [c for c in columns_of(table) if c.pii in CREDENTIALS]
    if not personal.treated and not (secrets and personal.policy_of("credential") != "keep"):
        return rows
    cells = {c.name: cell(sql_text.name(c.name), c, personal) for c in columns_of(table)}
    changed = {name: F.expr(text) for name, text in cells.items() if text}
    record = cell("broken.record", _RECORD, personal)
    if secrets and personal.policy_of("credential") != "keep":
        record = _without_secrets(record or "broken.record", secrets)
    if record:
        changed["broken"] = F.col("broken").withField("record", F.expr(record))
    if personal.key is None or not changed:
        return rows.withColumns(changed)
    beside = rows.crossJoin(F.broadcast(_pads(rows.sparkSession, personal.key)))
    return beside.withColumns(changed).drop(_INNER, _OUTER)


def cell(text: str, column: Column, personal: Personal) -> str | None:
    """What stands in the place of ``text``, SQL of a cell of ``column``; None where it stays."""
    treatment = personal.policy_of(column.pii)
    if treatment == "keep":  # a number has nothing that could be recognised in it
        return masked(text, personal) if column.pii in TEXTS and column.type == "string" else None
    if treatment == "drop" and column.pii == "credential_id":
        return f"sha2({text}, 256)"
    if treatment == "drop" or column.type != "string":  # a number cannot hold a digest
        return f"CAST(NULL AS {column.type})"
    return f"CASE WHEN {text} = '' THEN {text} ELSE {_digest(_normal(column.pii, text))} END"


def _without_secrets(record: str, columns: Iterable[Column]) -> str:
    """A record as JSON, in SQL, with null in the place of its credentials."""
    reads = (read for c in columns for several in c.field_reads.values() for read in several)
    keys = {read.path.all_keys[-1].lower() for read in reads}
    return f"regexp_replace({record}, {sql_text.text(_valued(keys))}, 'null')"


def masked(text: str, personal: Personal) -> str | None:
    """``text`` without what can be recognised in it; None where nothing is to be looked for."""
    out, keys = text, keys_of(DOCUMENTED.values())
    for pii, treatment in personal.treated.items():
        if found := keys.get(pii):
            out = _replaced(out, _valued(found), treatment, "null", _of_scalar(pii))
    for pii, look in _LOOKS.items():
        if pii in personal.treated:
            out = _replaced(out, look, personal.treated[pii], f"[{pii}]", _of_look(pii))
    return None if out == text else out


def hmac(text: str, inner: str, outer: str) -> str:
    """HMAC-SHA-256 of a text in lower-case hex, in SQL; the pads are binary."""
    first = f"unhex(sha2(concat({inner}, CAST({text} AS BINARY)), 256))"
    return f"sha2(concat({outer}, {first}), 256)"


def _digest(text: str) -> str:
    return hmac(text, _INNER, _OUTER)


def _pads(spark: SparkSession, key: HashKey) -> DataFrame:
    """One row with the key's pads; Spark holds it in the plan itself and reads nothing for it."""
    return frame(spark, [pads(key)], **{_INNER: "binary", _OUTER: "binary"})


def _normal(pii: str, text: str) -> str:
    """As ``personal_data.normal``."""
    if pii == "email":
        return f"lower(trim({text}))"
    return f"translate({text}, ' ().-', '')" if pii == "phone" else text


def _replaced(
    text: str, pattern: str, treatment: Treatment, mark: str, hashed: Callable[[str], str]
) -> str:
    """``text`` with each match of ``pattern`` replaced: by ``mark``, or by what ``hashed`` says."""
    found = sql_text.text(pattern)
    if treatment == "drop":
        return f"regexp_replace({text}, {found}, {sql_text.text(mark)})"
    between = f"split(t, {found}, -1)"
    instead = f"transform(regexp_extract_all(t, {found}, 0), m -> {hashed('m')})"
    joined = f"zip_with({between}, {instead}, (a, b) -> concat(a, coalesce(b, '')))"
    # Through an array of one, or each replacement would double the texts of those within it.
    return f"transform(array({text}), t -> array_join({joined}, ''))[0]"


def _of_look(pii: str) -> Callable[[str], str]:
    """The digest of a match, which may be written as URLs write it."""

    def hashed(match: str) -> str:
        plain = f"replace(replace({match}, '%40', '@'), '%2B', '+')"
        return _digest(_normal(pii, plain))

    return hashed


def _of_scalar(pii: str) -> Callable[[str], str]:
    """The digest of a JSON scalar, as a JSON text: the same as of the text cell it would be."""

    def hashed(match: str) -> str:
        value = scalar(match)
        text = f"concat('\"', {_digest(_normal(pii, value))}, '\"')"
        return f"CASE WHEN {match} = '\"\"' THEN {match} ELSE coalesce({text}, 'null') END"

    return hashed


def _valued(keys: Iterable[str]) -> str:
    """The scalar that stands behind one of the keys in a JSON text, however they are spelt."""
    spelt = "|".join("[_ ]?".join(map(re.escape, re.split("[_ ]", key))) for key in sorted(keys))
    return rf"(?i)(?<=\"[$_]{{0,2}}(?:{spelt})\":){_SCALAR}"


def keys_of(tables: Iterable[TableSpec]) -> Mapping[str, frozenset[str]]:
    """Per class the keys that its columns are read from, in lower case, bare of ``$``, ``_``."""
    found: dict[str, set[str]] = {pii: {*keys} for pii, keys in _ALSO.items()}
    for table in tables:
        for column in columns_of(table):
            if column.pii in ("", "id", *TEXTS, *CREDENTIALS):
                continue
            for read in (read for reads in column.field_reads.values() for read in reads):
                key = read.path.all_keys[-1]
                found.setdefault(column.pii, set()).add(key.lstrip("$_").lower())
    return {pii: frozenset(keys - _NEVER) for pii, keys in found.items()}


# What quarantine keeps of a row is JSON of any content.
_RECORD = Column("record", "string", {}, "The record, as JSON.", pii="free_form")
