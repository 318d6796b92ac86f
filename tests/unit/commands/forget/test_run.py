"""Who is asked for, what is said at the end, and the receipt's digest. No Spark here."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest
from click.testing import CliRunner

from klaviyo_spark.cli.app import cli, main
from klaviyo_spark.commands.forget import receipts
from klaviyo_spark.commands.forget.finding import PersonQuery
from klaviyo_spark.commands.forget.receipts import Receipt
from klaviyo_spark.commands.forget.run import Erasure, asked_for, lines
from klaviyo_spark.errors import UsageError

NOW = datetime(2026, 6, 1, 12, 0, tzinfo=timezone.utc)


def test_an_address_is_looked_for_in_lower_case_and_an_id_as_it_is():
    assert asked_for(None, " Ann@X.com\n").value == "ann@x.com"
    assert asked_for(" Y6nRLr ", None).value == "Y6nRLr"


def test_an_address_can_come_from_standard_input(monkeypatch):
    asked: list[tuple[str | None, str | None]] = []

    def note(profile: str | None, email: str | None) -> PersonQuery:
        asked.append((profile, email))
        raise UsageError("enough")

    monkeypatch.setattr("klaviyo_spark.commands.forget.run.asked_for", note)

    CliRunner().invoke(cli, ["forget", "--email", "-"], input="ann@x.com\nbob@x.com\n")

    assert asked == [(None, "ann@x.com\n")]


@pytest.mark.parametrize(
    ("profile", "email", "message"),
    [
        (None, None, "forget: needs one person. Give either --profile ID or --email E."),
        ("P1", "ann@x.com", "forget: needs one person. Give either --profile ID or --email E."),
        (" ", None, "--profile: not a profile ID"),
        (None, "ann", "--email: not a profile ID or an e-mail address"),
    ],
)
def test_one_person_has_to_be_named(profile, email, message):
    with pytest.raises(UsageError, match=message) as refused:
        asked_for(profile, email)

    assert "ann" not in f"{refused.value}"


def test_the_verb_ends_in_2_where_nobody_is_named(capsys):
    with pytest.raises(SystemExit) as left:
        main(["forget"])

    assert left.value.code == 2
    assert "needs one person" in capsys.readouterr().err
    assert "--email" in CliRunner().invoke(cli, ["forget", "--help"]).output


def test_who_was_asked_for_shows_nowhere():
    assert "x.com" not in repr(asked_for(None, "ann@x.com"))


def test_the_summary_says_how_much_and_not_who():
    rows = {"klaviyo_v2.events": 1200, "klaviyo_ops.quarantine": 1}
    done = Erasure("r1", NOW, "email", 1, 20, 1300, rows, seconds=9.0)

    assert list(lines(done)) == [
        "klaviyo_v2.events          1,200 rows",
        "klaviyo_ops.quarantine         1 rows",
        "forget done: profiles=1 rows=1,201 pages=20 records=1,300 seconds=9.0 run=r1",
        "Klaviyo may still have the profile. Delete it there too, or the next sync reads it again.",
    ]


def test_what_could_not_be_removed_is_named_and_ends_in_3():
    done = Erasure("r1", NOW, "email", 1, 1, 1, errors=["t: its old files are still there"])

    assert done.exit_code == 3
    assert list(lines(done))[:2] == [
        "failed: t: its old files are still there",
        "forget partly done: profiles=1 rows=0 pages=1 records=1 seconds=0.0 run=r1",
    ]


def test_where_nobody_is_found_one_line_says_so():
    done = Erasure("r1", NOW, "profile", before=NOW)

    assert done.exit_code == 0
    assert list(lines(done)) == [
        "nothing to forget: the lake has nobody by that id (forgotten on 2026-06-01 12:00 UTC)"
    ]


@pytest.mark.parametrize(
    ("by", "found", "how"),
    [
        ("profile", 1, ", then run forget again."),
        ("email", 0, ", then run forget again."),
        ("email", 1, ". Then run forget again, with --profile ID where you restored a backup; "),
    ],
)
def test_a_table_that_they_may_still_be_in_is_named_with_what_to_do(by, found, how):
    broken = ["klaviyo_v2.events", "klaviyo_v2.event_group_ids"]
    done = Erasure("r1", NOW, by, 1, found, errors=["it is unreadable"], left_out=broken)

    said = list(lines(done))

    assert done.exit_code == 3
    assert said[0] == "failed: it is unreadable"
    assert said[1].startswith(
        "forget partly done" if found else "nothing to forget: the readable part "
    )
    assert said[2].startswith(f"NOT yet forgotten in {', '.join(broken)}: rows of the person may ")
    assert f"delete what you moved away{how}" in said[2]
    assert how.endswith(".") == said[2].endswith(how)


def test_a_receipt_is_known_again_by_who_is_asked_for_alone():
    salt, other = "00" * 16, "11" * 16
    ann = PersonQuery(email="Ann@x.com")
    told = [
        Receipt("r1", NOW, NOW, receipts.digest(PersonQuery(email="ann@x.com"), salt), salt),
        Receipt("r2", NOW, NOW, receipts.digest(ann, other), other),
        Receipt("r3", NOW, NOW, receipts.digest(PersonQuery(email="bob@x.com"), salt), salt),
        Receipt("r4", NOW, NOW, receipts.digest(PersonQuery(profile="ann@x.com"), salt), salt),
    ]

    assert [receipt.run_id for receipt in receipts.find_receipts(ann, told)] == ["r1", "r2"]
    assert len({receipt.digest for receipt in told}) == 4
