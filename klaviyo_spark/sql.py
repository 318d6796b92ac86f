"""Texts as SQL writes them."""

from __future__ import annotations


def text(value: str) -> str:
    """A SQL string literal."""
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def name(value: str) -> str:
    """A name, whatever characters it has."""
    return f"`{value.replace('`', '``')}`"
