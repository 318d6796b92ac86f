from __future__ import annotations

import json

import pytest

from klaviyo_spark.bronze.commerce_metrics import CommerceMetrics
from klaviyo_spark.bronze.metric_selection import (
    MetricFact,
    Resolution,
    documented_names,
    metrics_on,
    resolve,
)
from klaviyo_spark.resources.metric_names import DOCUMENTED


def a_metric(id: str, name: str, integration: str | None = "Klaviyo") -> MetricFact:
    return MetricFact(id, name, integration)


ALL = [a_metric(f"M{n}", aliases[0]) for n, aliases in enumerate(DOCUMENTED.values())]
ALL_IDS = {f"M{n}": name for n, name in enumerate(DOCUMENTED)}


def without(name: str) -> list[MetricFact]:
    return [m for m in ALL if m.name not in DOCUMENTED[name]]


def test_eleven_metrics_are_documented():
    assert len(DOCUMENTED) == 11


def test_every_accepted_name_stands_for_one_documented_name():
    assert documented_names()["received text message"] == "received sms"
    assert len(documented_names()) == sum(len(a) for a in DOCUMENTED.values())


def test_finds_all_documented_metrics_and_no_others():
    metrics = [*ALL, a_metric("X", "Placed Order", "Shopify"), a_metric("Y", "Opened Text")]
    assert resolve(metrics, "documented", {}) == Resolution(ALL_IDS, [], [], none=False)


def test_case_does_not_matter():
    metrics = [MetricFact(m.id, m.name.upper(), m.integration_name) for m in ALL]
    assert resolve(metrics, "documented", {}).ids == ALL_IDS


@pytest.mark.parametrize("alias", ["Received SMS", "Received Text Message"])
def test_a_renamed_metric_is_found(alias: str):
    found = resolve([a_metric("X", alias)], "documented", {})
    assert found.ids == {"X": "received sms"}


def test_several_ids_of_one_alias_set_are_all_taken():
    metrics = [*ALL, a_metric("X", "Received Text Message")]
    assert resolve(metrics, "documented", {}).ids == {**ALL_IDS, "X": "received sms"}


def test_look_alikes_are_left_out():
    metrics = [*ALL, a_metric("X", "Opened Email", "API"), a_metric("Y", "Opened Email", None)]
    assert resolve(metrics, "documented", {}) == Resolution(ALL_IDS, [], [], none=False)


def test_a_look_alike_under_another_alias_is_left_out():
    metrics = [*ALL, a_metric("X", "Received Text Message", "API")]
    assert resolve(metrics, "documented", {}) == Resolution(ALL_IDS, [], [], none=False)


@pytest.mark.parametrize(
    ("integration", "said"), [("API", "integration 'API'"), (None, "no integration")]
)
def test_where_klaviyo_has_none_the_name_is_taken_with_a_warning(integration, said):
    metrics = [*without("opened email"), a_metric("X", "Opened Email", integration)]
    found = resolve(metrics, "documented", {})
    assert found.ids["X"] == "opened email"
    assert found.warnings == [
        f"metric X ('Opened Email') has {said}, so it may not be Klaviyo's own 'opened email'; its "
        "events are read as if it were. If it is a different metric, list the ids to read in conf: "
        "`metrics: [ID, ...]`."
    ]


def test_a_name_that_never_matched_is_a_warning():
    found = resolve(without("received sms"), "documented", {})
    assert found.warnings == [
        "no metric is called 'Received SMS' or 'Received Text Message', so none of its "
        "events are read. Correct the name if it stands in conf `metrics`; else it is read as "
        "soon as there is one."
    ]
    assert (found.vanished, found.none) == ([], False)


def test_a_remembered_metric_is_read_on_under_a_new_name():
    metrics = [*without("received sms"), a_metric("X", "Got a Text")]
    found = resolve(metrics, "documented", {"X": "received sms"})
    assert found.ids["X"] == "received sms"
    assert found.vanished == []
    assert found.warnings == [
        ("metric X (received sms) is now called 'Got a Text'; its events are still read")
    ]


def test_a_metric_that_matched_before_and_is_gone_has_vanished():
    found = resolve(without("received sms"), "documented", {"X": "received sms"})
    assert (found.vanished, found.warnings) == (["received sms"], [])
    assert "X" not in found.ids


def test_a_remembered_id_that_is_gone_is_not_asked_for_when_another_matches():
    assert resolve(ALL, "documented", {"X": "received sms"}) == Resolution(ALL_IDS, [], [], False)


def test_nothing_at_all_says_so():
    found = resolve([a_metric("X", "Placed Order", "Shopify")], "documented", {})
    assert (found.ids, found.none, len(found.warnings)) == ({}, True, 11)


def test_all_takes_every_metric_under_its_documented_or_own_name():
    metrics = [*ALL, a_metric("X", "Placed Order", "Shopify"), a_metric("Y", "Opened Email", "API")]
    assert resolve(metrics, "all", {}) == Resolution(
        {**ALL_IDS, "X": "Placed Order", "Y": "Opened Email"}, [], [], none=False
    )


def test_all_notices_what_has_vanished():
    remembered = {"X": "received sms", "Y": "Placed Order", "Z": "Kept"}
    metrics = [*without("received sms"), a_metric("Z", "Renamed")]
    found = resolve(metrics, "all", remembered)
    assert found.vanished == ["received sms", "Placed Order"]
    assert found.ids["Z"] == "Kept"


def test_a_list_takes_documented_names_aliases_own_names_and_ids():
    metrics = [*ALL, a_metric("X", "Placed Order", "Shopify"), a_metric("Y", "Viewed", "API")]
    wanted = ["Opened Email", "opened email", "Received Text Message", "placed order", "Y"]
    found = resolve(metrics, wanted, {})
    assert found == Resolution(
        {"M6": "opened email", "M1": "received sms", "X": "placed order", "Y": "Y"}, [], [], False
    )


def test_what_is_remembered_of_other_metrics_does_not_matter():
    assert resolve(ALL, "documented", {"X": "Placed Order"}).vanished == []


def test_a_metric_whose_id_is_a_number_is_one_and_one_without_an_id_is_none():
    ids = (7, "M1", None, "", " ", True, ["M2"], {"id": "M2"})
    page = {"data": [{"id": id, "attributes": {"name": "Opened Email"}} for id in ids]}
    assert [metric.id for metric in metrics_on(json.dumps(page).encode())] == ["7", "M1"]


# -- commerce -------------------------------------------------------------------------------------

SHOP = [a_metric("O", "Placed Order", "Shopify"), a_metric("O2", "Placed Order", "API"),
        a_metric("V", "Viewed Product", "API")]  # fmt: skip


def test_commerce_stands_for_the_mapped_metrics_beside_the_documented():
    found = resolve([*ALL, *SHOP], ["documented", "commerce"], {}, ["O", "V"])
    assert found == Resolution(
        {**ALL_IDS, "O": "Placed Order", "V": "Viewed Product"}, [], [], none=False
    )


def test_commerce_alone_reads_no_other_metric():
    found = resolve([*ALL, *SHOP], ["commerce"], {}, ["O"])
    assert found == Resolution({"O": "Placed Order"}, [], [], none=False)


def test_a_mapped_metric_that_is_documented_keeps_that_name_and_one_that_is_renamed_its_old_one():
    found = resolve([*ALL, *SHOP], ["documented", "commerce"], {"O": "Order"}, ["M0", "O"])
    assert found.ids == {**ALL_IDS, "O": "Order"}


@pytest.mark.parametrize("mapped", [[], ["gone"]])
def test_an_account_that_has_mapped_nothing_is_told_so(mapped):
    found = resolve([*ALL, *SHOP], ["documented", "commerce"], {}, mapped)
    assert found.ids == ALL_IDS
    assert [line[:31] for line in found.warnings] == ["the account has mapped no metric"[:31]]


def test_mapped_metrics_and_the_parts_of_mapped_custom_ones_are_commerce():
    def a_body(*records) -> bytes:
        return json.dumps({"data": records}).encode()

    def mapped(id: str, metric: str | None, custom: str | None) -> dict:
        ends = {"metric": metric, "custom-metric": custom}
        refs = {name: {"data": end and {"type": name, "id": end}} for name, end in ends.items()}
        return {"type": "mapped-metric", "id": id, "relationships": refs}

    def custom(id: str, *parts: str) -> dict:
        groups = [{"metric_id": part} for part in parts]
        return {"id": id, "attributes": {"definition": {"metric_groups": groups}}}

    found = CommerceMetrics()
    found.note("custom_metrics", a_body(custom("C", "O", "R"), custom("other", "X")))
    found.note("metrics", a_body({"type": "metric", "id": "N"}))
    found.note(
        "mapped_metrics",
        a_body(
            mapped("revenue", "O", None),
            mapped("cancelled_sales", None, "C"),
            mapped("refunded_sales", None, None),
            mapped("viewed_product", "V", None),
            {"id": "odd", "relationships": []},
        ),
    )

    assert found.ids == ["O", "V", "R"]
