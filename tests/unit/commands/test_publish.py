"""Views and tags: what the specs make of them, and what a catalog is told."""

from __future__ import annotations

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

import pytest
from pyspark.errors import AnalysisException

from klaviyo_spark.cli import main
from klaviyo_spark.commands import publish
from klaviyo_spark.commands.catalog import publish as brought_up_to_date
from klaviyo_spark.commands.sync import account_run, pipeline
from klaviyo_spark.commands.sync.account_context import AccountContext
from klaviyo_spark.commands.sync.account_run import RunRequest
from klaviyo_spark.config.models import Settings
from klaviyo_spark.lake.lake import Place
from klaviyo_spark.resources import DOCUMENTED, TABLES
from klaviyo_spark.schema.bookkeeping import columns_of

CATALOG = Place("./lake", "main", "Bronze", "Silver", "Ops")
FOLDER = Place("/data/lake", None, "klaviyo_bronze", "klaviyo_v2", "klaviyo_ops")
HAS_VIEWS = {view.name: view.columns for view in publish.views(CATALOG)}
HAS_TAGS = {(t.schema.lower(), t.table, t.column) for t in publish.tags(CATALOG)}


# -- what the specs make of it --------------------------------------------------------------------


def test_every_table_has_a_view_of_all_its_columns_but_the_mark():
    assert [view.name for view in publish.views(CATALOG)] == [
        f"{name}_current" for name in DOCUMENTED
    ]
    assert HAS_VIEWS["tags_current"] == (
        *("tag_id", "name"),
        *("_account_id", "_run_id", "_landed_at", "_row_hash"),
    )


def test_tables_of_klaviyo_plus_have_views_and_tags_in_their_schema_where_they_are_read():
    views = {view.name: view.sql for view in publish.views(CATALOG, ["push_tokens"])}
    assert views.keys() - HAS_VIEWS.keys() == {"push_tokens_current"}
    assert "FROM `main`.`klaviyo_plus`.`push_tokens` WHERE" in views["push_tokens_current"]
    more = {(t.schema, t.table, t.column) for t in publish.tags(CATALOG, ["push_tokens"])}
    before = {(t.schema, t.table, t.column) for t in publish.tags(CATALOG)}
    assert more - before == {
        ("klaviyo_plus", "push_tokens", "profile_id"),
        ("klaviyo_plus", "push_tokens", "token"),
    }


def test_a_view_says_what_it_shows_and_leaves_out_what_is_gone():
    made = {view.name: view.sql for view in publish.views(CATALOG)}

    assert made["tags_current"] == (
        "CREATE OR REPLACE VIEW `main`.`Silver`.`tags_current` "
        "(`tag_id` COMMENT 'Klaviyo\\'s id of the tag.', `name` COMMENT 'What the tag says.', "
        "`_account_id` COMMENT 'Which Klaviyo account the row is from, by its name in conf.', "
        "`_run_id` COMMENT 'The run that wrote the row last.', "
        "`_landed_at` COMMENT 'When the version shown was fetched from Klaviyo (UTC).', "
        "`_row_hash` COMMENT 'Hash of all columns but _run_id, _landed_at and _deleted_at.') "
        f"COMMENT 'Rows of tags that are there now. {TABLES['tags'].doc}' "
        "AS SELECT `tag_id`, `name`, `_account_id`, `_run_id`, `_landed_at`, `_row_hash` "
        "FROM `main`.`Silver`.`tags` WHERE _deleted_at IS NULL"
    )


def test_a_history_shows_who_is_a_member():
    kept = {view.name: view.sql.rpartition(" WHERE ")[2] for view in publish.views(CATALOG)}

    assert kept.pop("member_lists_current") == "is_member"
    assert set(kept.values()) == {"_deleted_at IS NULL"}


def test_every_column_with_personal_data_is_tagged_with_its_class():
    marked = {
        f"`main`.`Silver`.`{table.name}` ALTER COLUMN `{column.name}`": column.pii
        for table in DOCUMENTED.values()
        for column in columns_of(table)
        if column.pii
    }
    whole = {
        "`main`.`Bronze`.`pages` ALTER COLUMN `body`": "free_form",
        "`main`.`Ops`.`quarantine` ALTER COLUMN `record`": "free_form",
    }

    assert sorted(tag.sql for tag in publish.tags(CATALOG)) == sorted(
        f"ALTER TABLE {column} SET TAGS ('pii' = '{pii}')"
        for column, pii in (marked | whole).items()
    )


def test_a_catalog_that_has_everything_is_told_nothing():
    assert publish.pending_statements(CATALOG, HAS_VIEWS, HAS_TAGS) == ([], [])


def test_what_is_missing_and_views_of_other_columns_are_made():
    has_views = HAS_VIEWS | {"tags_current": ("tag_id",)}
    missing = ("silver", "profiles", "email")

    views, tags = publish.pending_statements(CATALOG, has_views, HAS_TAGS - {missing})

    assert [view.split()[4] for view in views] == ["`main`.`Silver`.`tags_current`"]
    assert tags == [
        "ALTER TABLE `main`.`Silver`.`profiles` ALTER COLUMN `email` SET TAGS ('pii' = 'email')"
    ]


def test_a_script_has_all_of_it_and_of_a_folder_the_views_alone():
    full, folder = list(publish.script(CATALOG)), list(publish.script(FOLDER))

    assert len(full) == len(HAS_VIEWS) + 1 + len(HAS_TAGS)
    assert len(folder) == len(HAS_VIEWS) + 1
    assert folder[-1].startswith("-- a folder has no tags")
    assert "VIEW `tags_current` " in folder[-2]
    # With its scheme: a session may have another file system by default.
    assert "FROM delta.`file:///data/lake/klaviyo_v2.db/tags` WHERE" in folder[-2]


def test_the_verb_prints_the_script_without_spark(
    capsys: pytest.CaptureFixture[str], tmp_path: Any, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "my.yml").write_text(
        "catalog: main\nschemas: {bronze: Bronze, silver: Silver, ops: Ops}"
    )

    with pytest.raises(SystemExit) as left:
        main(["catalog-sql", "--config", "my.yml"])

    assert left.value.code == 0
    assert capsys.readouterr().out.splitlines() == list(publish.script(CATALOG))


# -- what a catalog is told -----------------------------------------------------------------------


class ACatalog:
    """Stands in for the session of a Unity Catalog, and writes down what it is told."""

    def __init__(
        self,
        *,
        views: Any = (),
        tags: Any = (),
        comments: Mapping[str, str | None] | None = None,
        refuses: dict[str, Exception] | None,
    ):
        self.views, self.tags, self.refuses = dict(views), tags, refuses or {}
        made = {view.name: f"{view.about} And more." for view in publish.views(CATALOG)}
        self.comments = made | dict(comments or {})
        self.told: list[str] = []

    def sql(self, statement: str) -> Any:
        for part, error in self.refuses.items():
            if part in statement:
                raise error
        if ".column_tags" in statement:
            names = ("schema_name", "table_name", "column_name")
            return self._rows([dict(zip(names, tag, strict=True)) for tag in self.tags])
        if "information_schema.columns" in statement:
            columns = [(view, column) for view, all in self.views.items() for column in all]
            return self._rows(
                [
                    {"table_name": view, "column_name": column, "comment": self.comments[view]}
                    for view, column in columns
                ]
            )
        self.told.append(statement)
        return None

    @staticmethod
    def _rows(rows: list[dict[str, Any]]) -> SimpleNamespace:
        return SimpleNamespace(collect=lambda: rows)


def a_lake(place: Place = CATALOG, **catalog: Any) -> Any:
    return SimpleNamespace(spark=ACatalog(**{"refuses": None, **catalog}), place=place)


def test_an_empty_catalog_gets_all_views_and_tags():
    lake = a_lake()

    assert brought_up_to_date(lake) == []
    assert lake.spark.told == [line.sql for line in publish.views(CATALOG)] + [
        line.sql for line in publish.tags(CATALOG)
    ]


def test_a_catalog_that_has_everything_is_only_asked():
    lake = a_lake(views=HAS_VIEWS, tags=HAS_TAGS)

    assert (brought_up_to_date(lake), lake.spark.told) == ([], [])


@pytest.mark.parametrize("comment", [None, "", "Tags that marketing uses."])
def test_a_view_that_somebody_else_made_stays_and_is_said(comment: str | None):
    views = {**HAS_VIEWS, "tags_current": ("tag_id",), "lists_current": ("list_id",)}
    lake = a_lake(views=views, tags=HAS_TAGS, comments={"tags_current": comment})

    assert brought_up_to_date(lake) == [
        "views: tags_current was not made by klaviyo-spark and stays as it is. Rename it to get "
        "klaviyo-spark's."
    ]
    assert [statement.partition(" (")[0] for statement in lake.spark.told] == [
        "CREATE OR REPLACE VIEW `main`.`Silver`.`lists_current`"
    ]


def test_a_folder_is_not_even_asked():
    lake = SimpleNamespace(spark=None, place=FOLDER)

    assert brought_up_to_date(lake) == []  # type: ignore[arg-type] # a stand-in


def test_what_is_refused_is_said_once_and_the_rest_is_made():
    lake = a_lake(refuses={"SET TAGS": PermissionError("no APPLY TAG\nat line 1")})

    assert brought_up_to_date(lake) == [
        f"tags on personal data: 0 of {len(HAS_TAGS)} made, then PermissionError: no APPLY TAG. "
        "Grant APPLY TAG on the tables, or let somebody run what `klaviyo-spark catalog-sql` "
        "prints."
    ]
    assert len(lake.spark.told) == len(HAS_VIEWS)


def test_a_catalog_that_does_not_answer_fails_no_run():
    lake = a_lake(refuses={"information_schema": OSError("away")})

    assert brought_up_to_date(lake) == [
        "views and tags were not updated, since the catalog could not be read: OSError: away"
    ]


def test_a_catalog_without_an_information_schema_is_left_alone():
    lake = a_lake(refuses={"information_schema": AnalysisException("not found")})

    assert (brought_up_to_date(lake), lake.spark.told) == ([], [])


def test_a_run_that_refines_sees_to_its_catalog_and_is_done_even_where_that_refuses(
    monkeypatch: pytest.MonkeyPatch,
):
    written: dict[str, Any] = {}
    lake: Any = SimpleNamespace(
        append_ops=lambda name, rows: written.update({name: rows}), name_foreign_columns=list
    )
    monkeypatch.setattr(pipeline, "make_tables", lambda *_: [])
    monkeypatch.setattr(account_run, "reconcile", lambda *_, **__: [])
    monkeypatch.setattr(account_run, "tables_of_other_policy", lambda *_: [])
    monkeypatch.setattr(pipeline, "row_counts", lambda *_: {})
    monkeypatch.setattr(pipeline, "publish", lambda *_: ["views: refused"])

    request = RunRequest("refine")
    [summary] = pipeline.run_on_held_lake(request, lake, [AccountContext(Settings())])

    assert (summary.exit_code, summary.outcome.warnings) == (0, ["views: refused"])
    assert [row["warnings"] for row in written["runs"]] == [["views: refused"]]
