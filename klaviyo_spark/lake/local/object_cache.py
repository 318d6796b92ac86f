"""Objects of a store that have been fetched: none of a table's is ever written over. No I/O."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class ObjectCache(Generic[K, V]):
    """Objects by what names them, the ones that were asked for last.

    Args:
        most: what all of them together may weigh.
        weigh: what one weighs.
    """

    def __init__(self, most: int, weigh: Callable[[V], int]) -> None:
        self._most, self._weigh, self._weight = most, weigh, 0
        self._objects: OrderedDict[K, V] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: K) -> V | None:
        """The object, if it is there still."""
        with self._lock:
            if key in self._objects:
                self._objects.move_to_end(key)
            return self._objects.get(key)

    def keep(self, key: K, value: V) -> None:
        """Keep an object, in the place of those asked for longest ago."""
        with self._lock:
            if key in self._objects:
                return
            self._objects[key] = value
            self._weight += self._weigh(value)
            while self._weight > self._most:
                _, oldest = self._objects.popitem(last=False)
                self._weight -= self._weigh(oldest)
