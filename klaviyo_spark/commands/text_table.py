"""Rows as text that fits a width. Pure; no I/O here."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

# What lines fit where nothing else is known: a pipe, a file.
WIDTH = 100
_EMPTY = {"", "-", "0"}


@dataclass(frozen=True)
class TextTable:
    """Headings and rows of a terminal's table; the first column is each row's name.

    Args:
        left: headings of columns that are aligned to the left; the others are numbers.
        spare: headings of columns that may go where there is no room, first of all others.
    """

    head: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]
    left: Collection[str] = ()
    spare: Collection[str] = ()

    def lines(self, width: int = WIDTH) -> Iterator[str]:
        """The table in ``width`` columns.

        Where there is no room, spare columns go, then from the right those that say nothing; then
        each row has its name in a line of its own, and its cells below it.
        """
        places = self._places(width)
        name, cells = places[0], places[1:]
        if self._width(places) <= width:
            yield from (self._line(row, places) for row in (self.head, *self.rows))
            return
        for row in (self.head, *self.rows):
            yield row[name]
            yield f"  {self._line(row, cells)}"

    def _places(self, width: int) -> list[int]:
        """Which columns are shown."""
        places = list(range(len(self.head)))
        silent = [at for at in reversed(places[1:]) if {row[at] for row in self.rows} <= _EMPTY]
        spare = [at for at in places if self.head[at] in self.spare]
        for at in dict.fromkeys((*spare, *silent)):
            if self._width(places) <= width:
                break
            places.remove(at)
        return places

    def _line(self, row: tuple[str, ...], places: Sequence[int]) -> str:
        cells = []
        for at in places:
            size = self._size(at)
            to_left = at == 0 or self.head[at] in self.left
            cells.append(f"{row[at]:<{size}}" if to_left else f"{row[at]:>{size}}")
        return "  ".join(cells).rstrip()

    def _size(self, at: int) -> int:
        return max(len(row[at]) for row in (self.head, *self.rows))

    def _width(self, places: Sequence[int]) -> int:
        return sum(self._size(at) + 2 for at in places) - 2
