"""Somebody who is to be forgotten: by what they are found in a text, and the text without it. Pure.

Klaviyo's ids of them are found letter by letter, e-mail addresses whatever their case; either also
as JSON and URLs write them, and in the cursors of pages. Neither is found inside a longer one:
``joann@x.com`` is not ``ann@x.com``.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from urllib.parse import unquote

MARK = "[forgotten]"
_LETTER = r"A-Za-z0-9\u0080-\uffff"
# What of an escape of JSON or of a URL may stand right before a word without being of it.
_ESCAPES = r"(?<=%[0-9A-Fa-f]{2})|(?<=%25[0-9A-Fa-f]{2})|(?<=\\[nrtbf/\"\\])|(?<=\\u[0-9A-Fa-f]{4})"
# A link in a link in a link; the pattern finds any depth, the search before it so many.
_TIMES_ENCODED = 4
_CURSOR = re.compile(r"(page(?:\[|%5B)cursor(?:\]|%5D)=)([^&\"#\s]+)", re.IGNORECASE)


@dataclass(frozen=True)
class Person:
    """Whom a run forgets.

    Args:
        ids: Klaviyo's ids of their profiles.
        emails: their addresses, in lower case.
        digests: of these addresses, where silver shows those.
    """

    ids: frozenset[str] = field(default=frozenset(), repr=False)
    emails: frozenset[str] = field(default=frozenset(), repr=False)
    digests: frozenset[str] = field(default=frozenset(), repr=False)

    @cached_property
    def pattern(self) -> str:
        """A regular expression of Python and Java alike; it matches nothing where nobody is."""
        words = [_word(id, rf"(?<![{_LETTER}])", _spelt(id), rf"(?![{_LETTER}])")
                 for id in sorted({*self.ids, *self.digests})]  # fmt: skip
        words += [
            _word(
                email,
                rf"(?<![{_LETTER}_.+'-])",
                f"(?iu:{_spelt(email)})",
                rf"(?!-?[{_LETTER}_])(?!\.[{_LETTER}])",
            )
            for email in sorted(self.emails)
        ]
        return "|".join(words) or r"(?!)"

    @cached_property
    def forms(self) -> frozenset[str]:
        """Texts of which one is in whatever names the person, all in lower case.

        They are what a table is searched by; ``pattern`` then says whether it is the person.
        """
        found = {*self.digests}
        for id in self.ids:
            found |= {id, *_in_base64(id)}
        for email in self.emails:
            found |= set(_parts(email))
        return frozenset(form.lower() for form in found)

    def scrubbed(self, text: str) -> str:
        """``text`` without the person."""
        if "cursor" in text:
            text = _CURSOR.sub(self._cursor, text)
        return self._compiled.sub(MARK, text)

    def is_named_in(self, text: str) -> bool:
        """Whether ``scrubbed`` would change ``text``."""
        return self.scrubbed(text) != text

    @cached_property
    def _compiled(self) -> re.Pattern[str]:
        return re.compile(self.pattern)

    def _cursor(self, found: re.Match[str]) -> str:
        """A cursor as it is, or one that leads nowhere, which a walk can go on without."""
        decoded = _decoded(unquote(found[2]))
        return f"{found[1]}forgotten" if self._compiled.search(decoded) else found[0]


def _word(value: str, begins: str, spelt: str, ends: str) -> str:
    """``spelt`` where it is a word of its own."""
    # Of `\n` and the like, the letter is no part of what follows.
    escape = r"(?<!\\)" if value[:1] in "nrtbfu" else ""
    return f"(?:{begins}{escape}|{_ESCAPES}){spelt}{ends}"


def _parts(email: str) -> Iterator[str]:
    """Texts of which one is in every spelling of an address.

    That is its longest stretch of plain letters before the @, which no spelling changes, with the
    sign after it as each writes that.
    """
    stretches = re.finditer(r"([a-z0-9]+)([^a-z0-9])", email[: email.find("@") + 1])
    longest = max(stretches, key=lambda found: len(found[1]), default=None)
    plain, sign = (longest[1], longest[2]) if longest else ("", "@")
    bytes = sign.encode()
    yield plain + sign
    yield plain + json.dumps(sign)[1:-1]
    yield from (f"{plain}\\u{ord(sign):04x}", f"{plain}\\{sign}")
    for times in range(_TIMES_ENCODED):
        yield plain + "".join(f"%{'25' * times}{byte:02x}" for byte in bytes)


def _spelt(value: str) -> str:
    """A pattern of ``value`` as it is and as JSON and URLs write it, sign by sign."""
    return "".join(map(_sign, value))


def _sign(sign: str) -> str:
    if sign.isascii() and sign.isalnum():
        return sign
    plain = re.escape(sign)
    if sign in '"/\\':
        plain = rf"\\?{plain}"
    units = sign.encode("utf-16-be")
    as_json = "".join(
        rf"\\u{_either_case(units[at : at + 2].hex())}" for at in range(0, len(units), 2)
    )
    in_url = "".join(f"%(?:25)*{_either_case(f'{byte:02x}')}" for byte in sign.encode())
    return f"(?:{plain}|{as_json}|{in_url})"


def _either_case(digits: str) -> str:
    return "".join(f"[{d}{d.upper()}]" if d.isalpha() else d for d in digits)


def _in_base64(value: str) -> Iterator[str]:
    """Texts of which one is in the base64 of any text that holds ``value``."""
    raw = value.encode()
    for before in range(3):
        bits = 8 * before, 8 * (before + len(raw))
        known = slice(-(-bits[0] // 6), bits[1] // 6)
        encoded = base64.b64encode(b"\0" * before + raw).decode()[known]
        if encoded:
            yield encoded
            yield encoded.replace("+", "-").replace("/", "_")


def _decoded(cursor: str) -> str:
    padded = cursor.replace("-", "+").replace("_", "/") + "=" * (-len(cursor) % 4)
    try:
        return base64.b64decode(padded).decode(errors="replace")
    except (binascii.Error, ValueError):
        return ""
