"""Messages: every message that a user can meet, with its cause and the way out.

Made from ``klaviyo_spark.messages``, the rules of ``client.error_table`` and the tree of errors.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from dataclasses import dataclass

from klaviyo_spark import errors
from klaviyo_spark.client.error_rule import ErrorRule
from klaviyo_spark.client.error_table import ERROR_RULES
from klaviyo_spark.errors import KlaviyoSparkError
from klaviyo_spark.messages import AREAS
from klaviyo_spark.messages.message import GAP, Message, pattern
from scripts.reference.markdown import code, row

HEAD = """\
# Messages

`make docs` writes this page from the code; a test fails where it is stale. `…` stands for what is
filled in. A message says what happened and then the way out; the cause stands here alone. An error
is one line on standard error; `-v` adds its stack trace. Messages never hold the key, an e-mail
address or a phone number. `klaviyo-spark doctor` finds most of these causes before a run does.
[Exit code](exit-codes.md) 0 means that the run goes on.
"""


@dataclass(frozen=True)
class Kind:
    """One error of the tree at the top of ``errors.py``; ``ends``: how a run ends that meets it."""

    error: type[KlaviyoSparkError]
    depth: int
    ends: str

    @property
    def exits(self) -> str:
        """Exit codes of a run that meets it."""
        codes = re.findall(r"\d+", self.ends)
        return " or ".join(codes) or ("0" if self.ends else str(self.error.exit_code))


def kinds() -> list[Kind]:
    """The tree of errors, line by line."""
    found = []
    for line in (errors.__doc__ or "").splitlines():
        name, *ends = re.split(r"\s{2,}", line.strip())
        error = getattr(errors, name, None)
        if line.startswith("    ") and isinstance(error, type):
            depth = (len(line) - len(line.lstrip())) // 2 - 2
            found.append(Kind(error, depth, ends[0] if ends else ""))
    return found


def areas() -> Iterator[tuple[str, list[Message]]]:
    """All messages: by what they are about, in the order of their modules."""
    for module in AREAS:
        title = re.split("[:;]", module.__doc__ or "")[0]
        yield title, [value for value in vars(module).values() if isinstance(value, Message)]
    yield "Rules for requests that fail", [_of_rule(rule) for rule in ERROR_RULES]


def as_markdown() -> str:
    """The page."""
    lines = [HEAD, "## Kinds", "", "| kind | means | way out | ends in |", "|---|---|---|---|"]
    for kind in kinds():
        name = f"{'&nbsp;' * 4 * kind.depth}`{kind.error.__name__}`"
        cause = inspect.cleandoc(kind.error.__doc__ or "").split("\n\n")[0].replace("``", "`")
        lines.append(row(name, " ".join(cause.split()), kind.error.way_out, kind.ends))
    for area, messages in areas():
        lines += ["", f"## {area}", "", "| message | exit | cause | way out |", "|---|---|---|---|"]
        for m in messages:
            way_out = pattern(m.way_out) or _implied_way_out(m)
            says = pattern(m.says)
            lines.append(row(code(says), m.exit, m.cause, way_out))
    return "\n".join(lines) + "\n"


def _implied_way_out(message: Message) -> str:
    """What a message without a way out of its own leaves to do."""
    if message.cause.endswith("is sent again."):
        return "Nothing to do: it is sent again. Where that fails too, see the rules at the end."
    if not message.exit:
        return "A part of another message, which says what to do."
    return "Nothing to do." if message.exit == "0" else f"What stands for {GAP} says it."


def _of_rule(rule: ErrorRule) -> Message:
    """What is said of a request by a rule."""
    statuses = [*rule.statuses]
    if rule.tries > 1:
        says = f"{GAP}; gave up after {GAP} in {GAP} s"
    elif statuses:
        says = f"-> {statuses[0] if len(statuses) == 1 else GAP}{rule.says}"
    else:
        says = f"{GAP}: {rule.says}"
    exits = next(kind.exits for kind in kinds() if kind.error is rule.error)
    return Message(says, rule.way_out, rule.cause, exits)
