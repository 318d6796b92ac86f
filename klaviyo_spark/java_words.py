"""What errors of Java, Spark and Delta are about, from their texts. Pure.

Py4J gives Java's whole stack, headed by the name of an object that means nothing to anybody.
"""

from __future__ import annotations

import re

from klaviyo_spark import messages

# What Spark, Databricks, Hadoop and delta-rs say of a file that a log names and that is not there.
_LOST_FILES = (
    re.compile(r"FILE_NOT_(?:EXIST|FOUND)\]?.*?\bfile\s+(\S.*?\.(?:parquet|bin))\b"),
    re.compile(r"FileNotFoundException:\s+File\s+(\S[^\n]*?\.(?:parquet|bin)) does not exist"),
    re.compile(r"Object at location (\S[^\n]*?\.(?:parquet|bin)) not found"),
)
_PAGES = re.compile(r"/resource=([^/]+)/ingest_date=([^/]+)/[^/]+$")
_SILVER = re.compile(r"/([^/]+)\.db/([^/]+)/")
# What Py4J puts before Java's own words: names of objects that mean nothing to anybody.
_JAVA_CALL = re.compile(r"An error occurred while calling \S+\s*:\s*")
_JAVA_CLASS = re.compile(r"(?:[\w$]+\.)+([\w$]+)(?::\s*|$)")
_JAVA_CAUSE = re.compile(r"^Caused by: (.+)$", re.MULTILINE)
# Java's words for that something else went wrong.
_ELSEWHERE = ("Job aborted", "Exception thrown in", "Writing job aborted", "Task failed")


def lost_file(error: BaseException) -> str | None:
    """The file that an error says is not there though a table's log names it; None for others."""
    text = str(error)
    found = next((found[1] for by in _LOST_FILES if (found := by.search(text))), None)
    return None if found and "/_delta_log/" in found else found


def of_lost_file(file: str) -> str:
    """What is lost with a file, and the way out."""
    pages, table = _PAGES.search(file), _SILVER.search(file)
    if pages:
        resource, day = pages.groups()
        return messages.lake.PAGES_FILE_MISSING(file=file, resource=resource, day=day)
    return messages.lake.TABLE_FILE_MISSING(
        table=".".join(table.groups()) if table else "a table", file=file
    )


def is_of_java(text: str) -> bool:
    """Whether an error's text is what Py4J makes of an exception of Java's."""
    return _JAVA_CALL.match(text) is not None


def of_java(text: str) -> str:
    """Java's words for what went wrong: of the exception, or of its cause where that says more."""
    said = _JAVA_CALL.sub("", text, count=1)
    exceptions = [(said.splitlines() or [""])[0], *_JAVA_CAUSE.findall(said)]
    kinds = [_JAVA_CLASS.match(one) for one in exceptions]
    words = [
        one[kind.end() if kind else 0 :].strip()
        for one, kind in zip(exceptions, kinds, strict=True)
    ]
    conditions = [n for n, one in enumerate(words) if one.startswith("[")]
    telling = [n for n, one in enumerate(words) if one and not one.startswith(_ELSEWHERE)]
    # The first that says it by a condition, the exception itself, or the cause at the bottom.
    place = conditions[0] if conditions else 0 if 0 in telling or not telling else telling[-1]
    kind = kinds[place]
    return f"{kind[1] if kind else 'Java'}: {words[place]:.300}"
