"""``catalog-sql``: what it prints for dbt, and what it refuses."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from klaviyo_spark.cli import main
from klaviyo_spark.resources import DOCUMENTED, TABLES
from klaviyo_spark.schema.bookkeeping import BOOKKEEPING, columns_of

TWO = """
accounts:
  - {name: brand-us, key_variable: KLAVIYO_US, plus: [account], metrics: all}
  - {name: brand-eu, key_variable: KLAVIYO_EU, currency: EUR, metrics: [opened email]}
"""


@pytest.fixture
def printed(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Calls the verb with this conf; gives exit code, output and what stood on standard error."""
    monkeypatch.chdir(tmp_path)

    def call(conf: str, *options: str) -> tuple[int, str, str]:
        (tmp_path / "my.yml").write_text(conf)
        with pytest.raises(SystemExit) as left:
            main(["catalog-sql", "--config", "my.yml", *options])
        out = capsys.readouterr()
        return int(left.value.code or 0), out.out, out.err

    return call


def test_views_of_several_accounts_need_one_of_them(printed):
    code, out, said = printed(TWO, "--for", "dbt-klaviyo")

    assert (code, out) == (2, "")
    assert "Add --account and one of: brand-us, brand-eu." in said


def test_views_of_an_account_stand_in_its_schema_and_hold_its_rows_alone(printed):
    code, out, said = printed(TWO, "--for", "dbt-klaviyo", "--account", "brand-us")

    assert (code, said) == (0, "")
    assert out.startswith("CREATE SCHEMA IF NOT EXISTS `klaviyo_brand_us`;\n")
    assert out.count("CREATE OR REPLACE VIEW `klaviyo_brand_us`.") == 5
    assert "_account_id = 'brand-us'" in out
    assert "brand-eu" not in out


def test_a_catalog_is_named_and_views_stand_where_conf_says(printed):
    conf = "catalog: main\nschemas: {silver: raw, dbt: fivetran}\nmetrics: all"
    _, out, _ = printed(conf, "--for", "dbt-klaviyo", "--dialect", "databricks")

    assert "CREATE OR REPLACE VIEW `main`.`fivetran`.`person` COMMENT 'Made by klaviyo-spark" in out
    assert "FROM `main`.`raw`.`profiles` p\n" in out


def test_conf_may_name_the_currency_of_an_account(printed):
    _, out, _ = printed(TWO, "--for", "dbt-klaviyo", "--account", "brand-eu")

    assert "SELECT 'EUR' AS code" in out


@pytest.mark.parametrize(
    ("conf", "warning"),
    [
        ("{}", "revenue is 0"),
        ("metrics: [opened email, clicked email]", "revenue is 0"),
        ("metrics: all", "which has the latest events"),
        ("metrics: [Placed Order]", "which has the latest events"),
        ("{metrics: all, plus: [account]}", ""),
        ("metrics: [documented, commerce]", ""),
        ("metrics: [documented]", "revenue is 0"),
    ],
)
def test_what_an_analyst_would_take_for_true_is_said_beside_the_sql(printed, conf, warning):
    code, out, said = printed(conf, "--for", "dbt-klaviyo")

    assert code == 0
    assert "warning" not in out
    assert warning in said
    assert len(said.splitlines()) == bool(warning)


def test_a_dialect_without_a_purpose_is_refused(printed):
    code, _, said = printed("{}", "--dialect", "duckdb")

    assert code == 2
    assert "--dialect: goes with --for alone." in said


# -- sources --------------------------------------------------------------------------------------


def sources_in(text: str) -> dict[str, dict[str, dict]]:
    read = yaml.safe_load(text)
    return {s["name"]: {t["name"]: t for t in s["tables"]} for s in read["sources"]}


def test_sources_are_all_tables_with_all_their_columns(printed):
    _, out, _ = printed("plus: [account]", "--for", "dbt-sources")
    found = sources_in(out)

    assert found["klaviyo_v2"].keys() == DOCUMENTED.keys()
    plus = {name for name, table in TABLES.items() if table.resource == "account"}
    assert found["klaviyo_plus"].keys() == plus
    for name, table in {**found["klaviyo_v2"], **found["klaviyo_plus"]}.items():
        columns = [*((c.name, c.doc) for c in columns_of(TABLES[name]))]
        columns += [(name, doc) for name, _, doc in BOOKKEEPING]
        assert [(c["name"], c["description"]) for c in table["columns"]] == columns


def test_sources_of_a_lake_without_plus_have_none_of_it(printed):
    _, out, _ = printed("{}", "--for", "dbt-sources")

    assert sources_in(out).keys() == {"klaviyo_v2", "klaviyo_ops"}


def test_a_key_is_tested_whole_and_its_ids_are_not_null(printed):
    _, out, _ = printed("{}", "--for", "dbt-sources")
    table = sources_in(out)["klaviyo_v2"]["profile_email_suppressions"]

    [test] = table["data_tests"]
    assert test["unique"]["name"] == "klaviyo_v2_profile_email_suppressions_key"
    assert test["unique"]["arguments"]["column_name"] == " || '|' || ".join(
        f"coalesce(cast({part} as string), '')"
        for part in ("_account_id", "profile_id", "reason", "timestamp")
    )
    needed = {c["name"] for c in table["columns"] if "data_tests" in c}
    assert needed == {"_account_id", "profile_id"}


def test_only_what_changes_daily_must_be_fresh(printed):
    _, out, _ = printed("{}", "--for", "dbt-sources")
    found = sources_in(out)

    fresh = {
        name: table["config"]["loaded_at_field"]
        for tables in found.values()
        for name, table in tables.items()
        if "freshness" in table.get("config", {})
    }
    assert fresh == {"events": "_landed_at", "profiles": "_landed_at", "runs": "finished_at"}


def test_duckdb_is_told_where_the_tables_are_and_a_catalog_its_name(printed):
    _, folder, _ = printed("{}", "--for", "dbt-sources", "--dialect", "duckdb")
    _, catalog, _ = printed("catalog: main", "--for", "dbt-sources")

    meta = sources_in(folder)["klaviyo_v2"]["tags"]["config"]["meta"]
    assert meta == {"plugin": "delta", "delta_table_path": "./lake/klaviyo_v2.db/tags"}
    assert {s["database"] for s in yaml.safe_load(catalog)["sources"]} == {"main"}
    assert "plugin" not in catalog
