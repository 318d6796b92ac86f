"""What the README shows of a demo: lines of a run, in their place."""

from __future__ import annotations

import pytest

from scripts.demo_papers import README, lines_to_show, with_demo

SHOWN = """\
== first sync
table       rows     new
campaigns     55      55
events    17,435  17,435
[...]
25 tables 56,244  56,244
sync done: pages=203 seconds=78.0
  run=cc05
"""
PRINTED = (
    "starting a sample account\n\n"
    + SHOWN.replace("[...]\n", "tags          12      12\n").replace(
        "sync done", "warning: a metric has no integration\nsync done"
    )
    + "\n== a day later\ntable rows new\ncampaigns 56 1\nsync done: pages=9\n"
)


def test_the_first_sync_is_shown_in_eight_lines():
    assert lines_to_show(PRINTED) == SHOWN


def test_a_demo_that_was_not_all_done_is_not_shown():
    with pytest.raises(ValueError, match="no line that begins with 'sync done: '"):
        lines_to_show(PRINTED.replace("sync done", "sync partly done"))


def test_the_readme_has_a_place_for_them_and_keeps_the_rest():
    readme = README.read_text(encoding="utf-8")

    shown = with_demo(readme, PRINTED)

    before, after = readme.split("<!-- demo -->")[0], readme.split("<!-- /demo -->")[1]
    assert shown == f"{before}<!-- demo -->\n```\n{SHOWN}```\n<!-- /demo -->{after}"


def test_a_readme_without_the_place_is_refused():
    with pytest.raises(ValueError, match=r"README\.md has no block"):
        with_demo("# klaviyo-spark\n", PRINTED)
