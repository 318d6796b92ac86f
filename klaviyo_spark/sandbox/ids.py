"""Ids in the styles Klaviyo's have, made from a seed."""

from __future__ import annotations

import random
import uuid
import zlib

_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_SHORT = _LETTERS + "23456789"
_BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_WORD = (1 << 64) - 1


def mixed(n: int, salt: int = 0) -> int:
    """A number scattered over 64 bits (splitmix64): different for every ``n``."""
    z = (n * 0x9E3779B97F4A7C15 + salt * 0xD1342543DE82EF95 + 0x632BE59BD9B4E019) & _WORD
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & _WORD
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & _WORD
    return z ^ (z >> 31)


def ulid(at_ms: int, n: int, salt: int) -> str:
    """26 characters: a time and 80 bits of noise."""
    value = (at_ms << 80) | (mixed(n, salt) << 16) | (n & 0xFFFF)
    out = []
    for _ in range(26):
        out.append(_CROCKFORD[value & 31])
        value >>= 5
    return "".join(reversed(out))


def event_id(n: int, salt: int) -> str:
    """11 characters, unique since 62**11 is more than 2**64."""
    value = mixed(n, salt)
    out = []
    for _ in range(11):
        value, digit = divmod(value, 62)
        out.append(_BASE62[digit])
    return "".join(out)


def hex_id(id: str, salt: int) -> str:
    """32 hex digits made of another id."""
    number = zlib.crc32(id.encode())
    return f"{mixed(number, salt):016x}{mixed(number, salt + 100):016x}"


class Ids:
    """Fresh ids, never the same twice."""

    def __init__(self, seed: str) -> None:
        self._random = random.Random(f"ids:{seed}")
        self._taken: set[str] = set()
        self._action = 116_466_130

    def short(self) -> str:
        """Six characters, as lists, segments, flows, metrics and old things have."""
        while True:
            id = self._random.choice(_LETTERS) + "".join(self._random.choices(_SHORT, k=5))
            if id not in self._taken:
                self._taken.add(id)
                return id

    def twin(self, id: str) -> str:
        """An id that differs from ``id`` in the case of its first letter only."""
        other = id[0].swapcase() + id[1:]
        self._taken.add(other)
        return other

    def ulid(self, at_us: int) -> str:
        """As new campaigns, messages and profiles have."""
        return ulid(at_us // 1000, len(self._taken), self._random.getrandbits(32))

    def uuid(self) -> str:
        """As tags have."""
        return str(uuid.UUID(int=self._random.getrandbits(128), version=4))

    def action(self) -> str:
        """A number as text, as flow actions have."""
        self._action += self._random.randint(1, 9)
        return str(self._action)
