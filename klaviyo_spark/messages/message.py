"""One message: its text, what causes it, and the way out."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from string import Formatter

GAP = "…"
AS_SAID = "As it says."
NOTHING = "Nothing to do."


@dataclass(frozen=True)
class Message:
    """One row of ``docs/errors.md``; called with its fields, it is a text.

    Args:
        text: with named fields as in ``str.format``. Values are put in as they are: braces in them
            mean nothing.
        cause: what has happened, and why.
        way_out: what to do.
        exit: the exit code of the run that says it; empty for a part of another message.
    """

    text: str
    cause: str
    way_out: str
    exit: str = ""

    @property
    def fields(self) -> set[str]:
        """Names of what is filled in."""
        return {name for _, name, _, _ in Formatter().parse(self.text) if name is not None}

    @property
    def pattern(self) -> str:
        """The text with ``…`` for what is filled in."""
        parts = Formatter().parse(self.text)
        return "".join(text + (GAP if name is not None else "") for text, name, _, _ in parts)

    def __call__(self, **values: object) -> str:
        """The text with its fields filled in.

        Raises:
            TypeError: the fields are others.
        """
        if values.keys() != self.fields:
            raise TypeError(f"{self.text!r} has the fields {sorted(self.fields)}")
        return self.text.format(**values)


warning = partial(Message, exit="0")  # the run goes on
error = partial(Message, exit="1")  # the run has failed
refusal = partial(Message, exit="2")  # nothing has been started
failure = partial(Message, exit="3")  # a resource or table is held back, the others go on
request_error = partial(Message, exit="1 or 3")  # of the whole run, or of one resource
interruption = partial(Message, exit="130")
