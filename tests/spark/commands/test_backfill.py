"""A backfill goes on where the same command was before."""

from __future__ import annotations

from klaviyo_spark.commands.backfill.run import STEP, Backfill, begun, run_steps
from klaviyo_spark.lake.lake import Lake
from klaviyo_spark.state.landings import bronze_state
from tests.helpers.backfills import Sync, a_window
from tests.helpers.small_lakes import a_place


def test_the_same_command_goes_on_where_it_was(spark, tmp_path):
    place = a_place(tmp_path)
    lake, window, other = Lake(spark, place), a_window(200), a_window(100)
    first = begun(lake, "default", window)
    bronze_id = bronze_state(lake).table_id
    run_steps(first, lake, "default", bronze_id, Sync(0, 3), lambda line: None)

    again = begun(lake, "default", window)
    others = [begun(lake, "default", other), begun(lake, "another", window)]
    run_steps(again, lake, "default", bronze_id, Sync(), lambda line: None)
    anew = begun(lake, "default", window)
    run_steps(anew, lake, "default", "another table's id", Sync(0, 3), lambda line: None)
    elsewhere = begun(lake, "default", window)

    assert first.left == tuple(window.steps(STEP))
    assert again == Backfill(first.backfill_id, window, first.left[1:])
    assert [len(backfill.left) for backfill in (*others, anew)] == [2, 3, 3]
    assert elsewhere.left == first.left, "what was read into another bronze table is not there"
    assert len({b.backfill_id for b in (first, *others, elsewhere, anew)}) == 5
