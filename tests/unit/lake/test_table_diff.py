"""A table compared with its spec: what it lacks, what does not fit, what is somebody else's."""

from __future__ import annotations

from klaviyo_spark.lake.table_diff import Difference, difference

WANTED = [("id", "string"), ("name", "string"), ("day", "date")]


def test_a_column_that_is_not_ours_is_no_misfit():
    there = [("id", "string"), ("Theirs", "int"), ("name", "string"), ("day", "date")]
    assert difference(WANTED, there, ours=["id", "name", "day"]) == Difference(foreign=("Theirs",))


def test_a_column_of_ours_that_the_release_lacks_is_one():
    there = [*WANTED, ("old", "int")]
    [misfit] = difference(WANTED, there, ours=["id", "name", "day", "old"]).misfits
    assert misfit == "has old, which this release does not know"
    assert difference(WANTED, there).misfits == (misfit,), "nobody says whose it is"


def test_a_new_column_does_not_take_over_one_of_somebody_else():
    there = [("id", "string"), ("NAME", "string"), ("day", "date")]
    assert difference(WANTED, there, ours=["id", "day"]) == Difference(
        misfits=("has name, which somebody has added and this release has too",)
    )


def test_names_are_the_same_in_capitals():
    there = [("ID", "string"), ("name", "string"), ("Day", "date")]
    assert difference(WANTED, there, ours=["id", "name", "day"]) == Difference()


def test_what_is_lacking_is_added_after_its_neighbour():
    assert difference(WANTED, [("day", "date")]).added == (("id", ""), ("name", "id"))
