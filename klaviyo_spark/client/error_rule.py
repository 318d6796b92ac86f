"""What a rule says of what can go wrong with a request; ``error_table`` has the rules. No HTTP."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from enum import IntEnum

from klaviyo_spark.errors import ApiError


class Contact(IntEnum):
    """How far a run has got with the host."""

    NONE = 0
    REACHED = 1  # something answered
    ANSWERED = 2  # Klaviyo answered, by a page or by an error of its own


@dataclass(frozen=True)
class ErrorDetail:
    """What an error body says; printed, it is its ``text``, which is scrubbed.

    Args:
        text: ``detail``, else ``title``, of its errors.
        code: of the first error, empty where it has none; None: the body is no error of Klaviyo's.
        source: the parameter or pointer that the first error names.
    """

    text: str = ""
    code: str | None = None
    source: str = ""

    def __str__(self) -> str:
        return self.text

    def __bool__(self) -> bool:
        return bool(self.text)


@dataclass(frozen=True)
class ErrorRule:
    """One row.

    Args:
        name: for people.
        error: what is raised.
        says: what follows the status of an answer, or the request; empty where it is sent again.
            ``{said}`` are Klaviyo's words, ``{key}`` what a person calls the key.
        way_out: of what is sent again, told when it is given up.
        cause: for ``docs/reference/messages.md``.
        statuses: of the answer; none where none came whole.
        codes: of Klaviyo's error, ``None`` for a body that is not Klaviyo's; none: any.
        about: pattern of its source and text, the source first.
        tries: at most; of 1, it is not sent again.
        total_s: for all tries together.
        early_tries: at most, as long as the run's contact is below ``contact``.
    """

    name: str
    error: type[ApiError]
    says: str = ""
    way_out: str = ""
    statuses: Collection[int] = ()
    codes: Collection[str | None] = ()
    about: str = ""
    tries: int = 1
    total_s: float = 0.0
    early_tries: int = 1
    contact: Contact = Contact.REACHED
    cause: str = ""

    @property
    def words(self) -> str:
        """What is told behind the status of an answer, with its fields."""
        return f"{self.says}. {self.way_out}" if self.way_out else self.says

    def tries_at(self, contact: Contact) -> int:
        """How often it is tried by a run that has got that far with the host."""
        return self.tries if contact >= self.contact else self.early_tries

    def fits(self, status: int, said: ErrorDetail) -> bool:
        """Whether an answer is this row's."""
        return (
            status in self.statuses
            and (not self.codes or said.code in self.codes)
            and bool(re.search(self.about, f"{said.source} {said.text}", re.IGNORECASE))
        )
