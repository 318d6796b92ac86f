"""The specs held against the documented tables, and against their own promises. No Spark."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from functools import cached_property
from typing import Any

import pytest
from click.testing import CliRunner

from klaviyo_spark.cli.app import cli
from klaviyo_spark.commands import dictionary
from klaviyo_spark.config.models import PLUS_NAMES, PLUS_NEEDS, RESOURCE_NAMES
from klaviyo_spark.errors import SpecError
from klaviyo_spark.resources import ALL, DOCUMENTED, ENDPOINTS, PLUS, RESOURCES, TABLES
from klaviyo_spark.schema.bookkeeping import BOOKKEEPING, columns_of
from klaviyo_spark.schema.columns import col
from klaviyo_spark.schema.deletion_rules import DeletionRule
from klaviyo_spark.schema.endpoint import Endpoint, Fanout, Members, Part, S
from klaviyo_spark.schema.paths import parse_read
from klaviyo_spark.schema.sources import BorrowedRows, Related, Source
from klaviyo_spark.schema.table import TableSpec
from scripts.reference.tables import as_markdown
from tests import contract, contract_plus

COLUMNS = {**contract.COLUMNS, **contract_plus.COLUMNS}
every_table = pytest.mark.parametrize("table", TABLES.values(), ids=lambda table: table.name)
every_endpoint = pytest.mark.parametrize("endpoint", ENDPOINTS.values(), ids=lambda e: e.name)

RESOURCE_OF = {
    "campaigns": ["campaigns"],
    "events": ["events"],
    "flows": ["flows"],
    "lists": ["lists", "list_profiles", "member_lists", "stg_member_lists"],
    "metrics": ["metrics"],
    "profiles": ["profiles"],
    "segments": ["segments", "segment_profiles"],
    "tags": ["tags"],
}
SLICE_FACTS = (
    "channel",
    "conversion_metric_id",
    "is_primary_conversion",
    "period_start",
    "period_end",
    "metric_id",
)
PAGE_FACTS = {("parent_id",), ("fetched_at",), ("present",), *(("slice", f) for f in SLICE_FACTS)}


# -- the documented tables ------------------------------------------------------------------------


def test_there_are_25_documented_tables_with_233_columns():
    assert len(contract.COLUMNS) == 25
    assert sum(map(len, contract.COLUMNS.values())) == 233


def test_the_specs_are_the_documented_tables():
    assert DOCUMENTED.keys() == contract.COLUMNS.keys()
    assert TABLES.keys() == COLUMNS.keys()
    assert [name for name, table in TABLES.items() if table.name != name] == []


@every_table
def test_columns_have_the_documented_names_order_and_types(table):
    found = tuple((c.name, c.type) for c in table.columns)
    assert found == COLUMNS[table.name]


@every_table
def test_keys_are_the_documented_ones(table):
    assert table.key == {**contract.KEYS, **contract_plus.KEYS}[table.name]


@every_table
def test_second_names_stand_right_after_the_documented_columns(table):
    second = contract.ALSO_NAMED.get(table.name, {})
    types = dict(COLUMNS[table.name])
    found = {c.name: c.also_named for c in table.columns if c.also_named}

    assert found == second
    after = table.visible[len(table.columns) :]
    assert [(c.name, c.type) for c in after] == [(n, types[o]) for o, n in second.items()]


def test_a_second_name_holds_what_the_first_one_holds():
    metrics = {c.name: c for c in TABLES["metrics"].visible}
    assert metrics["metric_id"].reads == metrics["list_id"].reads


def test_only_times_reasons_and_dimensions_of_a_key_may_be_null_or_empty():
    found = {t.name: t.nullable_key for t in TABLES.values() if t.nullable_key}
    assert found == {
        "campaign_message_send_times": ("send_time_datetime",),
        "profile_email_list_suppressions": ("reason", "timestamp"),
        "profile_email_suppressions": ("reason", "timestamp"),
        "metric_value_days": ("value_currency",),
        "list_days": ("list",),
        "attributed_days": ("attributed_message", "attributed_flow", "attributed_channel"),
    }


# -- conformance over every spec ------------------------------------------------------------------


def test_the_eight_resources_are_those_users_select_by():
    assert [resource.name for resource in ALL] == sorted(RESOURCE_OF)
    for name, main_tables in RESOURCE_OF.items():
        found = {table.name for table in RESOURCES[name].tables}
        assert {t for t in main_tables if t not in found} == set(), name
        assert {t.resource for t in RESOURCES[name].tables} == {name}
        assert {e.resource for e in RESOURCES[name].endpoints} == {name}


def test_conf_knows_every_resource_and_group_by_its_name():
    assert tuple(resource.name for resource in ALL) == RESOURCE_NAMES
    assert tuple(resource.name for resource in PLUS) == PLUS_NAMES
    needed = {needs for several in PLUS_NEEDS.values() for needs in several}
    assert needed <= {*PLUS_NAMES, *RESOURCE_NAMES}
    assert {t.schema for resource in PLUS for t in resource.tables} == {"plus"}
    assert {t.schema for resource in ALL for t in resource.tables} == {"silver"}


@every_table
def test_every_column_has_a_sentence(table):
    for name, doc in [("the table", table.doc), *((c.name, c.doc) for c in columns_of(table))]:
        assert re.fullmatch(r"(?s)\S.+\.", doc), f"{name}: {doc!r}"


@every_table
def test_every_column_is_read_somewhere(table):
    assert [c.name for c in columns_of(table) if not any(c.reads.values())] == []


@every_table
def test_column_names_are_lower_case_and_used_once(table):
    names = [*(c.name for c in columns_of(table)), *(name for name, _, _ in BOOKKEEPING)]
    assert names == [name.lower() for name in names]
    assert len(names) == len(set(names))


@every_table
def test_keys_parents_and_versions_are_columns(table):
    names = {c.name for c in table.columns}
    asked = {*table.key, *table.nullable_key, table.judged_per, table.version_by} - {""}
    assert asked - names == set()
    assert set(table.nullable_key) < set(table.key)
    if table.parent:
        assert table.parent.column in names
        assert len(TABLES[table.parent.table].key) == 1


@every_table
def test_sources_and_judges_name_endpoints_that_exist(table):
    assert table.endpoints - ENDPOINTS.keys() == set()
    assert {ENDPOINTS[name].resource for name in table.endpoints} == {table.resource}


@every_table
def test_every_read_parses_in_a_scope_that_its_source_has(table):
    for source in table.sources:
        scopes = {
            "$",
            "page",
            *(r.name for r in source.related),
            *(["^"] if source.explode and not source.of else []),
            *(["row"] if source.of else []),
        }
        for column in columns_of(table):
            for read in column.field_reads.get(source.name, ()):
                assert read.scope in scopes, f"{column.name}: {read}"
                if read.scope == "page":
                    assert read.path.keys in PAGE_FACTS, f"{column.name}: {read}"


def unparsed(*words: Any) -> list[tuple[Any, str]]:
    """Strings of parts of a spec that nobody has parsed yet."""
    return [
        (word, name)
        for word in words
        for name, member in vars(type(word)).items()
        if isinstance(member, cached_property) and name not in vars(word)
    ]


@every_table
def test_all_strings_of_a_table_are_parsed_once_it_is_built(table):
    sources = table.sources
    related = [related for source in sources for related in source.related]
    asks = [part for source in sources for part in source.asks]
    partition = [table.partition] if table.partition else []
    columns = (*table.columns, *table.internal, *partition)
    assert unparsed(*columns, *sources, *related, *asks, *table.judges) == []


@every_endpoint
def test_all_strings_of_an_endpoint_are_parsed_once_it_is_built(endpoint):
    words = [endpoint, *endpoint.asks, endpoint.fanout, endpoint.members]
    assert unparsed(*filter(None, words)) == []


@every_table
def test_reads_mean_the_same_when_written_again(table):
    for column in columns_of(table):
        for read in (read for reads in column.field_reads.values() for read in reads):
            assert parse_read(str(read)) == read


@every_table
def test_related_objects_are_pointed_to_in_one_way_and_used(table):
    for source in table.sources:
        used = {r.scope for c in columns_of(table) for r in c.field_reads.get(source.name, ())}
        for related in source.related:
            assert bool(related.link) != bool(related.ref and related.type), related
        if not source.borrow:
            unused = {r.name for r in source.related} - used
            assert unused <= {"profile"}, f"{source.endpoint}: {unused}"


@every_table
def test_a_judge_of_single_parents_says_where_their_id_stands(table):
    for judge in table.judges:
        kinds = [judge.whole, bool(judge.parent), bool(judge.of), bool(judge.days)]
        assert kinds.count(True) == 1, judge
        assert judge.whole or table.judged_per, judge


@every_table
def test_what_is_borrowed_is_there_to_lend(table):
    for source in table.sources:
        if source.borrow:
            lender = {c.name for c in TABLES[source.borrow.table].columns}
            assert {source.borrow.on, source.borrow.column} <= lender
            assert source.of, "the reference is a column of the row that the record is"
            assert source.borrow.ref in {c.name for c in TABLES[source.of.table].columns}


@every_table
def test_what_is_made_of_rows_has_those_rows_and_their_pages(table):
    for part in (*table.sources, *table.judges):
        if part.of:
            of = TABLES[part.of.table]
            assert part.of.key in of.key
            assert part.of.json in {c.name for c in of.internal} or part not in table.sources
            assert {s.endpoint for s in of.sources} == {part.endpoint}
            assert len(table.sources) == 1


@every_endpoint
def test_a_fanout_asks_about_records_of_an_endpoint_that_exists(endpoint):
    counts = {e.members.count for e in ENDPOINTS.values() if e.members}
    asked_per_parent = endpoint.fanout is not None or endpoint.name in counts
    named_by_filter = endpoint.fanout is not None and endpoint.fanout.filter != ""
    assert ("{id}" in endpoint.path) == (asked_per_parent and not named_by_filter)
    if endpoint.fanout:
        parents = ENDPOINTS[endpoint.fanout.of]
        assert parents.resource == endpoint.resource
        facts = [dict(part.facts) for part in parents.slices]
        if parents.include_is_optional:
            facts.append({"left_out": "include"})
        for name, allowed in endpoint.fanout.slices.items():
            assert set(allowed) < {f.get(name) for f in facts}
        for path in filter(None, (*endpoint.fanout.any_paths, endpoint.fanout.partial_path)):
            assert path.keys


@every_endpoint
def test_a_budget_is_that_of_an_endpoint_with_the_same_path_or_of_the_revision_before(endpoint):
    owner = ENDPOINTS[endpoint.budget]
    assert (owner.rate, owner.budget) == (endpoint.rate, owner.name)
    assert owner.path == endpoint.path or endpoint.newer_revision
    assert not owner.newer_revision


def test_a_newer_revision_is_that_of_campaign_variations_alone():
    newer = {e.name: e.newer_revision for e in ENDPOINTS.values() if e.newer_revision}
    assert newer == dict.fromkeys(
        ("campaign_variations", "campaign_message_variations"), "2026-10-15"
    )
    made = {t.name for t in TABLES.values() if not t.endpoints.isdisjoint(newer)}
    assert made == {"campaign_variations"}


def test_an_endpoint_of_two_revisions_says_so_and_so_does_an_include_that_is_not_there():
    older = ENDPOINTS["flow_actions_2025"]
    with pytest.raises(SpecError, match="of an older revision and of a newer one"):
        replace(older, newer_revision="2026-10-15")
    with pytest.raises(SpecError, match="include is optional and not asked for"):
        replace(ENDPOINTS["tags"], include_is_optional=True)


@every_table
def test_what_is_only_filled_comes_of_an_endpoint_that_nothing_is_judged_by(table):
    filling = {s.endpoint for s in table.sources if s.fills_only}
    assert filling.isdisjoint(j.endpoint for j in table.judges)
    for source in table.sources:
        for key in table.key if source.fills_only else ():
            assert source.name in next(c for c in table.columns if c.name == key).reads


def test_an_older_revision_only_fills_columns():
    older = {e.name for e in ENDPOINTS.values() if e.revision}
    sources = [s for t in TABLES.values() for s in t.sources if s.endpoint in older]
    assert older == {"flow_actions_2025"}
    assert [s.fills_only for s in sources] == [True]


@every_endpoint
def test_every_endpoint_feeds_a_table_or_says_when_one_is_to_be_read(endpoint):
    tables = [t for t in TABLES.values() if endpoint.name in {s.endpoint for s in t.sources}]
    counts = [e for e in ENDPOINTS.values() if e.members and e.members.count == endpoint.name]
    assert bool(tables) != bool(counts)
    assert endpoint.path.startswith("/api/")
    assert endpoint.scopes


# -- a spec with slips ----------------------------------------------------------------------------


def a_table(**parts: Any) -> TableSpec:
    """A table of one column that is right unless a test says otherwise."""
    right: dict[str, Any] = {
        "name": "things",
        "resource": "tags",
        "doc": "One row per thing.",
        "key": ("thing_id",),
        "columns": (col("thing_id", "string", "$.id", "Its id."),),
        "sources": (Source("tags"),),
    }
    return TableSpec(**{**right, **parts})


def test_a_spec_without_slips_is_built():
    assert a_table().id_parts == ("thing_id",)


def test_a_misspelt_key_is_named_with_the_columns_there_are():
    with pytest.raises(SpecError, match=r"klaviyo_v2.things: key \['thign_id'\] not among columns"):
        a_table(key=("thign_id",))


_ID = col("thing_id", "string", "$.id", "Its id.")
SLIPS: list[tuple[dict[str, Any], str]] = [
    ({"key": ("thign_id",)}, r"key \['thign_id'\] not among columns \['thing_id'\]"),
    ({"nullable_key": ("whne",)}, r"nullable key \['whne'\] not among columns"),
    ({"judged_per": "parnet"}, "judged_per 'parnet' not among columns"),
    ({"version_by": "updatde"}, "version_by 'updatde' not among columns"),
    ({"columns": (_ID, _ID)}, "column 'thing_id' is there twice"),
    (
        {"columns": (_ID, col("Name", "string", "$.name", "Its name."))},
        "column 'Name' is not lower case",
    ),
    (
        {"columns": (_ID, col("name", "string", {"listing": "$.name"}, "Its name."))},
        r"column 'name' reads unknown source \['listing'\]",
    ),
    (
        {"sources": (Source("tags", fills_only=True),)},
        r"no source gives rows, \[''\] only fill them",
    ),
    (
        {"columns": (_ID, col("name", "string", "$.name", ""))},
        "column 'name' says nothing about its meaning",
    ),
    (
        {"columns": (_ID, col("name", "string", "$.na me", "Its name."))},
        r"column 'name': not a path: '\$.na me', from character 5",
    ),
    (
        {"columns": (_ID, col("name", "string", "onwer>$.name", "Its name."))},
        r"column 'name' reads unknown scope \['onwer'\], there are \['\$', 'page'\]",
    ),
    (
        {"columns": (_ID, col("name", "string", "page.slcie.name", "Its name."))},
        "column 'name': not a field read: 'page.slcie.name', expected",
    ),
    (
        {"columns": (_ID, col("at", "timestamp", "$.at", "Its time.", wall_clock="$.a|local"))},
        "column 'at': not a path: 'local', expected \\$ at its start",
    ),
    (
        {"partition": col("day", "date", "$day", "Its day.")},
        "column 'day': not a path: '\\$day', from character 2",
    ),
    (
        {"sources": (Source("tags", rows="inclued:tag"),)},
        "source 'tags': not a row source: 'inclued:tag', expected data, included:<type> or answer",
    ),
    (
        {"sources": (Source("tags", explode=("$.a[", "$.b[]")),)},
        r"source 'tags': not a path: '\$.a\[', from character 4",
    ),
    ({"sources": (Source("tags", needs="id"),)}, "source 'tags': not a path: 'id'"),
    ({"sources": (Source("tags", version="^.at"),)}, r"source 'tags': not a path: '\^.at'"),
    (
        {"sources": (Source("tags", asks=(Part("$.a has "),)),)},
        r"source 'tags': asks: not a proof: '\$.a has ', expected <path> or <path> has <key>",
    ),
    (
        {"sources": (Source("tags", related=(Related("owner", type="o", ref="id"),)),)},
        "source 'tags': 'owner': not a path: 'id'",
    ),
    (
        {"sources": (Source("tags", related=(Related("owner", link="data"),)),)},
        "source 'tags': 'owner': not a path: 'data'",
    ),
    (
        {"sources": (Source("tags", related=(Related("owner", ref="$.id"),)),)},
        "source 'tags': 'owner' needs either link, or ref and type",
    ),
    (
        {"sources": (Source("tags", borrow=BorrowedRows("a", on="b", column="c", ref="d")),)},
        "source 'tags' borrows rows of 'a' for records that are no rows",
    ),
    (
        {"judges": (DeletionRule("tags", rows="tag", parent="$.id"),)},
        "judge of 'tags': not a row source: 'tag'",
    ),
    ({"judges": (DeletionRule("tags", parent="id"),)}, "judge of 'tags': not a path: 'id'"),
    (
        {"judges": (DeletionRule("tags", parent="$.id", proof="$.a has b c"),)},
        r"judge of 'tags': not a proof: '\$.a has b c'",
    ),
    (
        {"judges": (DeletionRule("tags", parent="$.id", childless=("$.a", "b", "c")),)},
        "judge of 'tags': not a path: 'b', expected \\$ at its start; not a path: 'c'",
    ),
    (
        {"judges": (DeletionRule("tags", parent="$.id", names="$."),)},
        r"judge of 'tags': not a path: '\$.', from character 2",
    ),
    (
        {"judges": (DeletionRule("tags", parent="$.id", whole=True),)},
        "judge of 'tags' needs one of whole, parent, of and days",
    ),
]


@pytest.mark.parametrize(("parts", "message"), SLIPS, ids=[m for _, m in SLIPS])
def test_each_slip_is_named(parts, message):
    with pytest.raises(SpecError, match=message):
        a_table(**parts)


def test_all_slips_are_named_at_once():
    with pytest.raises(SpecError) as caught:
        a_table(
            key=("thign_id",),
            version_by="updatde",
            columns=(
                col("thing_id", "string", "$.id", ""),
                col("Name", "string", {"listing": "$.name"}, "Its name."),
            ),
        )
    assert str(caught.value) == (
        "klaviyo_v2.things: key ['thign_id'] not among columns ['thing_id', 'Name']; "
        "column 'Name' is not lower case; "
        "column 'thing_id' says nothing about its meaning; "
        "column 'Name' reads unknown source ['listing']; "
        "version_by 'updatde' not among columns"
    )


def test_slips_in_strings_are_named_at_once_too():
    with pytest.raises(SpecError) as caught:
        a_table(
            columns=(
                col("thing_id", "string", ("id", "$.id if $.type"), "Its id."),
                col("name", "string", "owner>$.name", "Its name."),
            ),
            sources=(Source("tags", rows="included", explode=("a[]", "b[]"), version="$at"),),
            judges=(DeletionRule("tags", parent="$.id", proof="id"),),
        )
    assert str(caught.value) == (
        "klaviyo_v2.things: column 'thing_id': not a field read: 'id', expected $<path>, ^<path>, "
        "<related>>$<path>, row.<column>, page.parent_id, page.fetched_at, page.present or "
        "page.slice.<fact>; not a field read: '$.id if $.type', expected <path> if <path>=<value>; "
        "column 'name' reads unknown scope ['owner'], there are ['$', '^', 'page']; "
        "source 'tags': not a row source: 'included', expected data, included:<type> or answer; "
        "source 'tags': not a path: 'a', expected $ at its start; "
        "not a path: 'b', expected $ at its start; "
        "source 'tags': not a path: '$at', from character 2; "
        "judge of 'tags': not a path: 'id', expected $ at its start"
    )


def test_slips_of_an_endpoint_are_named_at_once():
    with pytest.raises(SpecError) as caught:
        Endpoint(
            "things",
            "tags",
            "/api/things/{id}",
            S,
            ("tags:read",),
            fanout=Fanout(
                "tags",
                rows="tags",
                if_any=("a", "$.b"),
                partial_if="c",
                settled=("d", ("yes",)),
                sent_at="e",
                members=Members("thing_count", "f", "things"),
            ),
            asks=(Part("g"),),
            echoes={"archived": "h", "channel": "owner>i"},
            ignores=("tag>", "$.j"),
        )
    must = "expected $ at its start"
    expected = (
        "expected $<path>, ^<path>, <related>>$<path>, row.<column>, page.parent_id, "
        "page.fetched_at, page.present or page.slice.<fact>"
    )
    assert str(caught.value).split("; ") == [
        f"endpoint things: echoes or ignores: not a field read: 'h', {expected}",
        f"not a path: 'i', {must}",
        f"echoes or ignores: not a path: '', {must}",
        f"asks: not a path: 'g', {must}",
        "fanout: not a row source: 'tags', expected data, included:<type> or answer",
        f"fanout: not a path: 'a', {must}",
        f"fanout: not a path: 'c', {must}",
        f"fanout: not a path: 'd', {must}",
        f"fanout: not a path: 'e', {must}",
        f"members: not a path: 'f', {must}",
    ]


# -- the data dictionary --------------------------------------------------------------------------


def test_the_data_dictionary_shows_every_documented_column_once():
    text = as_markdown()
    for table in TABLES.values():
        section = text.partition(f"### {table.name}\n")[2].partition("\n### ")[0]
        for name, type in COLUMNS[table.name]:
            assert section.count(f"\n| `{name}` | {type} | ") == 1, f"{table.name}.{name}"


def test_tables_as_json_have_the_promised_shape():
    result = CliRunner().invoke(cli, ["tables", "--json"])
    tables = json.loads(result.output)

    assert result.exit_code == 0
    assert [list(table) for table in tables] == [["table", "key", "columns"]] * 25
    shapes = {tuple(column) for table in tables for column in table["columns"]}
    assert shapes == {("column", "type", "comment", "path")}
    assert {type(v) for t in tables for c in t["columns"] for v in c.values()} == {str}


def test_tables_as_json_hold_those_of_klaviyo_plus_where_asked_for():
    result = CliRunner().invoke(cli, ["tables", "--json", "--plus"])
    names = {table["table"] for table in json.loads(result.output)}
    assert names == {
        *(f"klaviyo_v2.{name}" for name in contract.COLUMNS),
        *(f"klaviyo_plus.{name}" for name in contract_plus.COLUMNS),
    }


def test_tables_as_json_hold_all_columns_in_table_order():
    tables = {table["table"]: table for table in dictionary.as_json()}

    assert tables.keys() == {f"klaviyo_v2.{name}" for name in contract.COLUMNS}
    for name, documented in contract.COLUMNS.items():
        table = tables[f"klaviyo_v2.{name}"]
        assert table["key"] == list(contract.KEYS[name])
        found = [(c["column"], c["type"]) for c in table["columns"]]
        types = dict(documented)
        second = [(n, types[o]) for o, n in contract.ALSO_NAMED.get(name, {}).items()]
        own = {
            "campaigns": [("_tracking_params", "string")],
            "events": [
                ("event_date", "date"),
                ("_event_properties", "string"),
                ("_value", "double"),
                ("_value_currency", "string"),
                ("_group_ids", "string"),
                ("_attribution_group_ids", "string"),
            ],
            "metrics": [("_documented_name", "string")],
            "profiles": [
                ("_zip", "string"),
                ("_title", "string"),
                ("_locale", "string"),
                ("_email_can_receive_marketing", "boolean"),
                ("_sms_can_receive_marketing", "boolean"),
                ("_mobile_push_consent", "string"),
                ("_whatsapp_consent", "string"),
            ],
        }.get(name, [])
        kept = [
            ("_account_id", "string"),
            ("_run_id", "string"),
            ("_landed_at", "timestamp"),
            ("_row_hash", "bigint"),
            ("_deleted_at", "timestamp"),
        ]
        assert found == [*documented, *second, *own, *kept], name


def test_tables_as_text_say_each_column():
    result = CliRunner().invoke(cli, ["tables"])

    assert result.exit_code == 0
    for name, columns in contract.COLUMNS.items():
        section = result.output.partition(f"klaviyo_v2.{name}  (key: ")[2].partition("\n\n")[0]
        first_words = [line.split()[:2] for line in section.splitlines()[2:]]
        assert first_words[: len(columns)] == [list(column) for column in columns], name


PERSONAL = {"profile_id": "id", "email": "email", "phone_number": "phone", "ip": "ip"}


@every_table
def test_what_names_a_person_is_marked_as_personal_in_every_table(table: TableSpec):
    marked = {c.name: c.pii for c in columns_of(table) if c.name in PERSONAL}

    assert marked == {name: PERSONAL[name] for name in marked}
