"""Exit codes: what each says, what to do, and which errors end in it."""

from __future__ import annotations

from collections.abc import Iterator

from klaviyo_spark.errors import ENDED
from scripts.reference.markdown import MADE, code, page, table
from scripts.reference.messages import kinds

# What stands behind each code, and what whoever started the run should do.
MEANING = {
    0: ("All is done.", "Nothing."),
    1: (
        "A wrong key, Klaviyo out of reach, every resource failed, another run holds the lake, a "
        "key of another account than the lake's, or the output found no room.",
        "Read the last line: it names the cause and the way out. Then run the same command again.",
    ),
    2: (
        "Usage, conf, no key, no Java or jars, or a warehouse that cannot be used. Nothing was "
        "started.",
        "Correct what the line names. A scheduler should not retry.",
    ),
    3: (
        "Part of it is done, the rest is named: a resource, one metric or list of it, or a table "
        "that was held back. Of `verify`: not complete, or not all could be verified. What has "
        "landed is refined all the same.",
        "Look at the lines that begin with `failed:`. The next run goes on with the rest.",
    ),
    4: (
        "Klaviyo's rate limit asks for a wait of more than 300 s. What has landed is refined all "
        "the same.",
        "Run again at the time that the line names.",
    ),
    130: (
        "Ctrl-C or SIGTERM. What was in hand has landed.",
        "Run the same command again; it resumes.",
    ),
}


def as_markdown() -> str:
    """The page."""
    return page(_lines())


def _lines() -> Iterator[str]:
    yield from ("# Exit codes", "", MADE.format(source="the errors and their exit codes"), "")
    errors: dict[str, list[str]] = {str(number): [] for number in ENDED}
    for kind in kinds():
        for number in kind.exits.split(" or "):
            errors[number].append(code(kind.error.__name__))
    rows = (
        (f"{number}", ended, *MEANING[number], ", ".join(sorted(set(errors[f"{number}"]))))
        for number, ended in ENDED.items()
    )
    yield from table(("code", "the run is", "meaning", "what to do", "errors"), rows)
    yield ""
    yield "Of several accounts: 4 where one was stopped, 1 or 2 where all failed, otherwise 3 where"
    yield "any failed."
    yield ""
    yield "A descriptor that is closed, or a reader that has gone (`| head`), changes no exit code."
    yield ""
    yield "[Messages](messages.md) has every message with its cause and the way out."
