"""One message: what happened, why, and the way out."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, partial
from string import Formatter

GAP = "…"


@dataclass(frozen=True)
class Message:
    """One row of ``docs/reference/messages.md``; called with its fields, the text that users read.

    Both texts have named fields as in ``str.format``. Values are put in as they are: braces in
    them mean nothing.

    Args:
        says: what happened.
        way_out: what to do, as sentences; it follows what happened. Empty where there is nothing
            to be done.
        cause: why it happened, and what it means; for the page alone.
        exit: the exit code of the run that says it; empty for a part of another message.
    """

    says: str
    way_out: str = ""
    cause: str = ""
    exit: str = ""

    @cached_property
    def text(self) -> str:
        """All of it, with fields."""
        return f"{self.says}. {self.way_out}" if self.way_out else self.says

    @property
    def fields(self) -> set[str]:
        """Names of what is filled in."""
        return {name for _, name, _, _ in Formatter().parse(self.text) if name is not None}

    def __call__(self, **values: object) -> str:
        """The text with its fields filled in.

        Raises:
            TypeError: the fields are others.
        """
        says, way_out = self.parts(**values)
        return f"{says.rstrip('.')}. {way_out}" if way_out else says

    def parts(self, **values: object) -> tuple[str, str]:
        """What happened, and what to do, each with its fields filled in.

        Raises:
            TypeError: the fields are others.
        """
        if values.keys() != self.fields:
            raise TypeError(f"{self.text!r} has the fields {sorted(self.fields)}")
        return self.says.format(**values), self.way_out.format(**values)


def pattern(text: str) -> str:
    """A text of a message with ``…`` for what is filled in."""
    parts = Formatter().parse(text)
    return "".join(said + (GAP if name is not None else "") for said, name, _, _ in parts)


warning = partial(Message, exit="0")  # the run goes on
error = partial(Message, exit="1")  # the run has failed
refusal = partial(Message, exit="2")  # nothing has been started
failure = partial(Message, exit="3")  # a resource or table is held back, the others go on
request_error = partial(Message, exit="1 or 3")  # of the whole run, or of one resource
interruption = partial(Message, exit="130")
