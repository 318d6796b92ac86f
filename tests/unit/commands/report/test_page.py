"""The page as text: whole, safe, and nobody's."""

from __future__ import annotations

import hashlib
import json
import re
from datetime import date
from html.parser import HTMLParser
from pathlib import Path

import pytest

import klaviyo_spark.commands.report
from klaviyo_spark.commands.report.answers import Answers
from klaviyo_spark.commands.report.figures import figures
from klaviyo_spark.commands.report.page import LIBRARY, page
from tests.helpers.reports import sample
from tests.places import HOW_TO

GUIDE = HOW_TO / "report.md"


class Parsed(HTMLParser):
    """Tags, links, ids, the text between tags, and that of the data for the charts."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.text = self.data = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if tag not in ("meta", "link", "wbr", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if ("script", "id", "figures") in self.attributes and self.open[-1:] == ["script"]:
            self.data = self.data or data
        if not {"script", "style"} & set(self.open):
            self.text += data

    def values(self, name: str) -> list[str]:
        return [value for _, said, value in self.attributes if said == name]


@pytest.fixture(scope="module")
def text(answers) -> str:
    return page(figures(answers, "default", sample.NOW))


@pytest.fixture(scope="module")
def parsed(text) -> Parsed:
    return Parsed(text)


def test_every_tag_is_closed(parsed):
    assert parsed.open == []


def test_nothing_is_loaded_from_anywhere(parsed):
    assert parsed.values("src") == []
    assert [link for link in parsed.values("href") if not link.startswith(("#", "data:"))] == []
    policy = next(value for value in parsed.values("content") if "default-src" in value)
    assert policy.startswith("default-src 'none'; ")
    assert "http" not in policy


def test_every_link_leads_to_a_part_of_the_page_that_the_guide_has_too(parsed):
    anchors = {link[1:] for link in parsed.values("href") if link.startswith("#")}
    headings = re.findall(r"^## (.+)$", GUIDE.read_text(encoding="utf-8"), re.MULTILINE)

    assert anchors == {
        "cells-that-were-nulled",
        "days-that-are-short",
        "late-events",
        "orphaned-flows",
        "records-in-quarantine",
        "runs-that-are-not-all-done",
    }
    assert anchors <= set(parsed.values("id"))
    assert anchors <= {heading.lower().replace(" ", "-") for heading in headings}


def test_nobody_is_on_it(text, account):
    truth = account.truth()
    people = {
        row[column]
        for row in truth["profiles"]
        for column in ("profile_id", "email", "phone_number", "external_id", "location_address1")
        if row[column]
    }
    numbers = {row["to_number"] for row in truth["events"] if row["to_number"]}

    assert len(people) > 100
    assert [one for one in (*people, *numbers) if one in text] == []
    for one in ("@example", sample.PERSON, "quarantined@", "body@"):
        assert one not in text


def test_the_problems_of_the_last_run_are_said_without_whom_they_are_about(parsed):
    assert "segments: key lacks segments:read" in parsed.text
    assert "[address] is [profile]" in parsed.text


def test_what_an_account_calls_its_things_is_text_and_no_script():
    evil = "</script><script>alert(1)</script> \"' & <b>"
    event = {"day": date(2026, 11, 1), "metric_id": "M1", "row_count": 1, "newest": sample.NOW}
    answers = Answers(
        events=[event], metrics=[{"metric_id": "M1", "name": evil}], runs=[sample.a_run(2)]
    )

    found = Parsed(page(figures(answers, evil, sample.NOW)))

    assert found.open == []
    assert [tag for tag, *_ in found.attributes if tag == "b"] == []
    assert f"klaviyo_v2 {evil}" in found.text
    assert json.loads(found.data)["days"]["series"][0]["name"] == evil


def test_the_numbers_for_the_charts_travel_with_it(parsed, answers):
    days = json.loads(parsed.data)["days"]

    drawn = sum(sum(layer["counts"]) for layer in days["series"]) + days["outside"]
    assert drawn == sum(row["row_count"] for row in answers.events)


def test_a_lake_that_was_never_verified_says_how_to():
    text = page(figures(Answers(), "default", sample.NOW))

    assert "Not verified yet: run <code>klaviyo-spark verify</code>." in text
    assert '<table id="heat">' not in text


def test_a_lake_with_nothing_in_it_still_makes_a_page():
    found = Parsed(page(figures(Answers(), "default", sample.NOW)))

    assert found.open == []
    for said in ("No events yet.", "No table yet", "No run yet", "No record is in quarantine."):
        assert said in found.text


def test_the_same_figures_give_the_same_page(answers, text):
    assert page(figures(answers, "default", sample.NOW)) == text


def test_the_page_can_be_mailed(text):
    assert len(text.encode()) < 900_000


def test_the_charting_library_is_as_published_with_its_licence():
    """``dist/echarts.common.min.js`` of the npm package echarts 6.1.0."""
    assets = Path(klaviyo_spark.commands.report.__file__).parent / "assets"
    digest = hashlib.sha256((assets / LIBRARY).read_bytes()).hexdigest()

    assert digest == "61f13280aba3161f77fc801bf5f9c786f55f10432153a0683fc5cc0700b013d5"
    for name in ("LICENSE", "NOTICE", "LICENSE-d3"):
        assert (assets / f"echarts.{name}").is_file()
