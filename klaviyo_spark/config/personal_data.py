"""What becomes of personal data on its way to silver: conf, the key, digests. No Spark here.

Specs tag columns with the class of personal data that they hold (``pii``). Conf says per class
whether it is kept, shown as a digest, or left out. A digest is HMAC-SHA-256 (RFC 2104) over the
value as UTF-8, in lower-case hex: the same value has the same digest in every table and run, and in
any other system that has the key.
"""

from __future__ import annotations

import hashlib
import hmac
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import msgspec

from klaviyo_spark.config.models import PersonalData, Settings, Treatment
from klaviyo_spark.config.secrets import HashKey, find_hash_key
from klaviyo_spark.schema.columns import Column, Pii

# Of these nothing is looked for in texts, and whoever has no such column has no word of them.
CREDENTIALS = ("credential", "credential_id")
# Texts of any content: what can be recognised in them of other classes is treated as those are.
TEXTS = ("url", "free_form")
_BLOCK = 64
_INNER, _OUTER = 0x36, 0x5C
# Written down with each load, to notice another key; too short to find a key by.
_CHECK_DIGITS = 8


@dataclass(frozen=True)
class Personal:
    """How a lake shows personal data; ``key`` is there where a class is hashed."""

    data: PersonalData = field(default_factory=PersonalData)
    key: HashKey | None = None

    def policy_of(self, pii: Pii) -> Treatment:
        """What becomes of a class; of what is not personal, nothing."""
        name = "credential" if pii in CREDENTIALS else pii
        treatment: Treatment = getattr(self.data, name) if name else "keep"
        return treatment

    @property
    def treated(self) -> dict[str, Treatment]:
        """The classes that are not kept, but for credentials."""
        every = msgspec.structs.asdict(self.data).items()
        return {name: t for name, t in every if t != "keep" and name not in CREDENTIALS}

    def policy_text(self, columns: Iterable[Column]) -> str | None:
        """How a table of ``columns`` shows personal data, as a text; None where all is kept."""
        classes = {column.pii for column in columns}
        anything = not classes.isdisjoint(TEXTS)
        found = {c: t for c, t in self.treated.items() if c in classes or anything}
        if self.data.credential != "keep" and not classes.isdisjoint(CREDENTIALS):
            found["credential"] = self.data.credential
        if not found:
            return None
        parts = [f"{name}={treatment}" for name, treatment in sorted(found.items())]
        if self.key and "hash" in found.values():
            parts.append(f"key={digest(self.key, 'klaviyo-spark')[:_CHECK_DIGITS]}")
        return " ".join(parts)


def personal(settings: Settings, environ: Mapping[str, str] = os.environ) -> Personal:
    """What conf says, with the key if that needs one.

    Raises:
        ConfigError: a class is to be hashed, and there is no key.
    """
    data = settings.personal_data
    if "hash" not in msgspec.structs.asdict(data).values():
        return Personal(data)
    scope = settings.secret_hash_scope or settings.secret_scope
    return Personal(data, find_hash_key(scope, settings.secret_hash_key, environ))


def digest(key: HashKey, value: str) -> str:
    """The digest of a value; see ``normal``."""
    return hmac.new(key.reveal().encode(), value.encode(), hashlib.sha256).hexdigest()


def normal(pii: str, value: str) -> str:
    """The form of a value that its digest is made of: one mailbox, one phone, one digest."""
    if pii == "email":
        return value.strip(" ").lower()
    return "".join(c for c in value if c not in " ().-") if pii == "phone" else value


def pads(key: HashKey) -> tuple[bytes, bytes]:
    """The key as HMAC mixes it in: before the value, and before the digest of both."""
    raw = key.reveal().encode()
    if len(raw) > _BLOCK:
        raw = hashlib.sha256(raw).digest()
    block = raw.ljust(_BLOCK, b"\0")
    return bytes(b ^ _INNER for b in block), bytes(b ^ _OUTER for b in block)
