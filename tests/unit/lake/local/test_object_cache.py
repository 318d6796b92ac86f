"""Objects of a store that are kept, up to a weight."""

from __future__ import annotations

from klaviyo_spark.lake.local.object_cache import ObjectCache


def test_the_object_asked_for_longest_ago_makes_room():
    kept: ObjectCache[str, bytes] = ObjectCache(10, len)
    kept.keep("one", b"1234")
    kept.keep("two", b"1234")
    assert kept.get("one") == b"1234"

    kept.keep("three", b"123")

    assert [kept.get(key) for key in ("one", "two", "three")] == [b"1234", None, b"123"]


def test_an_object_beyond_all_room_is_not_kept():
    kept: ObjectCache[str, bytes] = ObjectCache(10, len)

    kept.keep("large", b"12345678901")
    kept.keep("small", b"1")

    assert (kept.get("large"), kept.get("small")) == (None, b"1")


def test_what_is_there_stays_as_it_is():
    """No object of a table is ever written over."""
    kept: ObjectCache[str, bytes] = ObjectCache(10, len)
    kept.keep("one", b"1")
    kept.keep("one", b"2")

    assert kept.get("one") == b"1"
