"""Conf, environment and options: what they become, and what is refused with which words."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from klaviyo_spark.config.accounts import settings_per_account
from klaviyo_spark.config.address import check_base_url
from klaviyo_spark.config.loader import check_resources, load
from klaviyo_spark.config.models import PLUS_NAMES, RESOURCE_NAMES, Schemas, Settings
from klaviyo_spark.errors import ConfigError, UsageError
from tests.places import ROOT

pytestmark = pytest.mark.usefixtures("_elsewhere")

CONF = ROOT / "conf"


def a_conf(text: str, name: str = "dev.yml") -> str:
    Path("conf").mkdir(exist_ok=True)
    file = Path("conf", name)
    file.write_text(text, encoding="utf-8")
    return str(file)


def test_without_conf_the_packaged_defaults_hold():
    assert load(environ={}) == Settings()


def test_without_a_path_the_base_of_the_working_directory_is_read():
    a_conf("account: brand", "base.yml")

    assert load(environ={}).account == "brand"


def test_a_conf_goes_over_the_base_beside_it():
    a_conf("account: brand\nmax_concurrent_requests: 4\nschemas: {bronze: b}", "base.yml")
    path = a_conf("max_concurrent_requests: 2\nschemas: {silver: s}", "prod.yml")

    actual = load(path, environ={})

    assert (actual.account, actual.max_concurrent_requests) == ("brand", 2)
    assert (actual.schemas.bronze, actual.schemas.silver) == ("b", "s")


def test_classes_of_personal_data_go_over_one_another_one_by_one():
    a_conf("personal_data: {email: hash, phone: drop}", "base.yml")
    path = a_conf("personal_data: {phone: keep, id: keep}", "prod.yml")

    actual = load(path, environ={}).personal_data

    assert (actual.email, actual.phone, actual.name) == ("hash", "keep", "keep")


@pytest.mark.parametrize(
    ("conf", "message"),
    [
        (
            "{email: mask}",
            "dev.yml: personal_data.email: 'mask' is not a known treatment. Set keep, hash",
        ),
        (
            "{id: hash}",
            "dev.yml: personal_data.id: profile IDs can only be kept, since tables are joined",
        ),
        (
            "{mail: hash}",
            (
                "dev.yml: personal_data: unknown setting 'mail'. Did you mean "
                "'email'? conf/base.yml lists all settings."
            ),
        ),
        ("hash", "dev.yml: personal_data: expected `object`, got `str`"),
    ],
)
def test_personal_data_is_kept_hashed_or_dropped(conf: str, message: str):
    with pytest.raises(ConfigError) as refused:
        load(a_conf(f"personal_data: {conf}"), environ={})

    assert message in str(refused.value)


def test_the_base_itself_may_be_named():
    assert load(a_conf("account: brand", "base.yml"), environ={}).account == "brand"


def test_an_empty_conf_changes_nothing():
    assert load(a_conf("# nothing yet\n"), environ={}) == Settings()


def test_options_go_over_conf_and_those_not_given_do_not():
    path = a_conf("account: brand\nwarehouse: /data/lake")

    actual = load(path, environ={}, account="other", warehouse=None, base_url="")

    assert (actual.account, actual.warehouse) == ("other", "/data/lake")


def test_the_environment_gives_the_address_unless_an_option_does():
    environ = {"KLAVIYO_BASE_URL": "http://127.0.0.1:8080"}
    path = a_conf("base_url: https://b.example")

    assert load(path, environ=environ).base_url == "http://127.0.0.1:8080"
    assert load(path, environ=environ, base_url="https://c.example").base_url == "https://c.example"


def test_durations_and_times_are_read_as_people_write_them():
    path = a_conf("lookback: 36h\nindexing_lag: 0m\nstart: 2026-01-31\nmetrics: [Placed Order]")

    actual = load(path, environ={})

    assert (actual.lookback, actual.indexing_lag) == (timedelta(hours=36), timedelta(0))
    assert actual.start_time is not None
    assert actual.start_time.isoformat() == "2026-01-31T00:00:00+00:00"
    assert actual.metrics == ("Placed Order",)


def test_each_part_of_upkeep_can_be_switched_off():
    off = load(a_conf("vacuum_after: null\nbronze_retention: null\noptimize: false"), environ={})
    on = load(a_conf("vacuum_after: 30d\nbronze_retention: 90d"), environ={})

    assert (off.vacuum_after, off.bronze_retention, off.optimize) == (None, None, False)
    assert (on.vacuum_after, on.bronze_retention) == (timedelta(days=30), timedelta(days=90))


def test_resources_of_an_option_are_one_text():
    assert load(environ={}, resources="events, campaigns").resources == ("campaigns", "events")


def test_the_conf_files_of_the_checkout_load():
    base = load(str(CONF / "base.yml"), environ={})
    dev, prod = (load(str(CONF / name), environ={}) for name in ("dev.yml", "prod.yml"))

    assert base == Settings()
    assert (dev.schemas.silver, prod.schemas.silver) == ("klaviyo_v2_dev", "klaviyo_v2")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "lookbak: 7d",
            (
                "conf/dev.yml: unknown setting 'lookbak'. Did you mean "
                "'lookback'? conf/base.yml lists all settings."
            ),
        ),
        ("zzz: 1", "conf/dev.yml: unknown setting 'zzz'. conf/base.yml lists all settings."),
        (
            "schemas: {sliver: x}",
            "conf/dev.yml: schemas: unknown setting 'sliver'. Did you mean "
            "'silver'? conf/base.yml lists all settings.",
        ),
        (
            "max_concurrent_requests: many",
            "conf/dev.yml: max_concurrent_requests: expected `int`, got `str`",
        ),
        (
            "max_concurrent_requests: 0",
            "conf/dev.yml: max_concurrent_requests: expected `int` >= 1",
        ),
        ("rate_limit_share: 1.5", "conf/dev.yml: rate_limit_share: expected `float` <= 1.0"),
        ("rate_limit_share: 0", "conf/dev.yml: rate_limit_share: expected `float` > 0.0"),
        (
            "lookback: 7",
            "conf/dev.yml: lookback: '7' is not a duration. Use a whole number and d, h "
            "or m, such as 7d, 36h or 30m.",
        ),
        (
            "start: soon",
            "conf/dev.yml: start: 'soon' is not a time. Use ISO 8601, such as 2026-01-31 "
            "or 2026-01-31T09:00:00Z.",
        ),
        (
            "metrics: some",
            "conf/dev.yml: metrics: must be `documented`, `all` or a list of metric "
            "names, `documented` and `commerce`. For a single metric, write a list of one: "
            "[Placed Order].",
        ),
        (
            "resources: [evnts]",
            "conf/dev.yml: resources: unknown resource 'evnts'. Did you mean "
            "'events'? Choose from campaigns, events, flows, lists, metrics, profiles, "
            "segments, tags, account, campaign_variations, catalogs, coupons, forms, metric_days, "
            "predictions, push_tokens, reports, segment_days, templates.",
        ),
        (
            "base_url: http://a.example",
            "conf/dev.yml: base_url: plain http to a.example would expose the key. Use "
            "https in `base_url`; http is for loopback addresses only.",
        ),
        (
            "vacuum_after: 3d",
            "conf/dev.yml: vacuum_after: 3d is too short. Set at least 7d, or null to "
            "switch it off.",
        ),
        (
            "bronze_retention: 13d",
            "conf/dev.yml: bronze_retention: 13d is too short. Set at least 14d, or null "
            "to switch it off.",
        ),
        (
            "lookback: null",
            "conf/dev.yml: lookback: 'None' is not a duration. Use a whole number and d, "
            "h or m, such as 7d, 36h or 30m.",
        ),
        (
            "- a list",
            (
                "conf/dev.yml: holds no settings. Write each setting as `name: value`, as in "
                "conf/base.yml."
            ),
        ),
    ],
)
def test_a_conf_that_does_not_fit_is_refused_by_file_and_setting(text: str, message: str):
    with pytest.raises(ConfigError) as refused:
        load(a_conf(text), environ={})

    assert str(refused.value) == message
    assert refused.value.exit_code == 2


def test_all_slips_of_a_file_are_named_at_once():
    text = """
lookbak: 7d
vacuum_after: 3d
max_deleted_share: much
metrics: [Placed Order, 7]
schemas: {sliver: x, ops: "a b"}
personal_data: {email: mask}
accounts: [{start: soon}, eu]
"""
    with pytest.raises(ConfigError) as refused:
        load(a_conf(text), environ={})

    assert str(refused.value).split("; ") == [
        "conf/dev.yml: unknown setting 'lookbak'. Did you mean 'lookback'? conf/base.yml lists all "
        "settings",
        "vacuum_after: 3d is too short. Set at least 7d, or null to switch it off",
        "max_deleted_share: expected `float`, got `str`",
        "metrics[1]: expected `str`, got `int`",
        "schemas: unknown setting 'sliver'. Did you mean 'silver'? conf/base.yml lists all "
        "settings",
        "schemas.ops: expected `str` matching regex '\\\\A[A-Za-z0-9_-]+\\\\Z'",
        "personal_data.email: 'mask' is not a known treatment. Set keep, hash or drop",
        "accounts[0].start: 'soon' is not a time. Use ISO 8601, such as 2026-01-31 or "
        "2026-01-31T09:00:00Z",
        "accounts[1]: expected `object`, got `str`",
        "accounts[0]: has no name",
    ]


def test_a_check_that_there_is_not_is_refused_by_its_setting():
    with pytest.raises(ConfigError, match="^conf/dev.yml: checks: invalid enum value 'no_such'$"):
        load(a_conf("checks: {no_such: fail}"), environ={})


def test_what_is_not_yaml_is_refused_by_its_line():
    with pytest.raises(ConfigError, match=r"^conf/dev.yml, line 2: not YAML\."):
        load(a_conf("account: brand\n: ]\n"), environ={})


def test_a_conf_that_holds_a_key_is_refused_without_repeating_it():
    key = "pk_" + "0123456789abcdef"

    with pytest.raises(ConfigError, match="contains what looks like a Klaviyo key") as refused:
        load(a_conf(f"account: brand  # {key}"), environ={})

    assert key not in str(refused.value)


def test_a_conf_that_is_not_there_is_refused():
    with pytest.raises(ConfigError, match="--config conf/none.yml: no such file"):
        load("conf/none.yml", environ={})


def test_a_target_without_a_conf_of_its_name_is_told_which_there_are():
    for name in ("base.yml", "prod.yml", "daily.job.yml"):
        a_conf("", name)

    with pytest.raises(ConfigError) as refused:
        load("conf/staging.yml", environ={})

    assert str(refused.value) == (
        "--config conf/staging.yml: no such file; beside it are base.yml, prod.yml: a "
        "bundle's target needs one of its own name. Name an existing file, or write one "
        "with `klaviyo-spark init --config FILE`."
    )
    assert refused.value.exit_code == 2


def test_a_bad_option_is_refused_by_its_name():
    with pytest.raises(UsageError, match="^--base-url: not a base URL. Use https://HOST"):
        load(environ={}, base_url="ftp://a.example")
    with pytest.raises(ConfigError, match="^KLAVIYO_BASE_URL: plain http to a.example"):
        load(environ={"KLAVIYO_BASE_URL": "http://a.example"})


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://a.klaviyo.com", "https://a.klaviyo.com"),
        ("https://a.klaviyo.com:8443/", "https://a.klaviyo.com:8443"),
        ("http://localhost:1", "http://localhost:1"),
        ("http://127.8.9.1:80", "http://127.8.9.1:80"),
        ("http://[::1]:8080", "http://[::1]:8080"),
    ],
)
def test_an_address_with_https_or_on_loopback_is_taken(url: str, expected: str):
    assert check_base_url(url) == expected


@pytest.mark.parametrize(
    "url",
    [
        "http://a.klaviyo.com",
        "http://127.0.0.1.example.com",
        "http://localhost.example.com",
        "http://0.0.0.0",
        "http://[::]",
        "https://user:secret@a.klaviyo.com",
        "http://localhost@a.klaviyo.com",
        "https://a.klaviyo.com/api",
        "https://a.klaviyo.com?x=1",
        "https://a.klaviyo.com#x",
        "https://a.klaviyo.com\\@b.example",
        "https://a.klaviyo.com:99999",
        "https://a.klaviyo.com\n",
        "a.klaviyo.com",
        "",
    ],
)
def test_any_other_address_is_refused_without_repeating_a_password(url: str):
    with pytest.raises(ValueError, match="^(not a base URL|plain http)") as refused:
        check_base_url(url)

    assert "secret" not in str(refused.value)


def test_resources_keep_their_usual_order_each_once():
    assert check_resources(["tags", "events ", "tags"]) == ("events", "tags")
    assert check_resources(RESOURCE_NAMES) == RESOURCE_NAMES


def test_no_resource_at_all_is_refused():
    with pytest.raises(
        UsageError,
        match=("no resource named. Choose from campaigns, events"),
    ):
        check_resources([" "])


@pytest.mark.parametrize(
    "names",
    [
        "{silver: klaviyo_bronze}",
        "{silver: a, ops: A}",
        "{ops: klaviyo_v2_rebuild}",
        "{bronze: klaviyo_ops_rebuild}",
    ],
)
def test_schemas_that_would_be_one_and_the_same_are_refused(names: str):
    with pytest.raises(ConfigError, match="^schemas: .*: two are the same, or one is another"):
        load(a_conf(f"schemas: {names}"), environ={})


def test_schemas_are_held_against_each_other_once_all_conf_is_read():
    a_conf("schemas: {bronze: raw}", "base.yml")
    path = a_conf("schemas: {silver: klaviyo_bronze}")

    assert load(path, environ={}).schemas == Schemas("raw", "klaviyo_bronze", "klaviyo_ops")


def test_a_name_does_not_end_a_line():
    with pytest.raises(ConfigError, match="schemas.silver: "):
        load(a_conf('schemas: {silver: "klaviyo_v2\\n"}'), environ={})


@pytest.mark.parametrize("way", ["auto", "spark"])
def test_conf_chooses_the_way_of_loads(way):
    assert load(a_conf(f"loads_by: {way}"), environ={}).loads_by == way


def test_a_way_of_loads_that_is_none_is_refused():
    path = a_conf("loads_by: driver")
    with pytest.raises(ConfigError, match="loads_by"):
        load(path, environ={})


def read_by(**said: object) -> list[tuple[str, ...]]:
    """What each account's runs are of."""
    return [one.resources for one in settings_per_account(load(environ={}, **said))]


def test_groups_of_klaviyo_plus_are_read_where_conf_or_the_command_line_names_them():
    assert read_by() == [RESOURCE_NAMES]
    a_conf("resources: [tags]\nplus: [templates, forms]", "base.yml")
    assert read_by() == [("tags", "forms", "templates")]
    assert read_by(resources="tags") == [("tags",)], "what a command names is all"
    assert read_by(resources="coupons,tags") == [("tags", "coupons")]
    assert read_by(resources="reports") == [("campaigns", "account", "reports")]
    a_conf("resources: [tags]\nplus: all", "base.yml")
    assert read_by() == [("tags", "campaigns", *PLUS_NAMES)], "reports need campaigns"
    settings = load(environ={})
    assert settings.optional_resources == {*PLUS_NAMES}
    assert load(environ={}, resources="forms").optional_resources == frozenset()


def test_an_account_says_what_it_reads_of_klaviyo_plus():
    a_conf(
        "plus: [forms]\nresources: [tags]\naccounts:\n"
        "  - {name: us, key_variable: A}\n  - {name: eu, key_variable: B, plus: []}\n",
        "base.yml",
    )
    assert read_by() == [("tags", "forms"), ("tags",)]


def test_a_group_that_there_is_none_of_is_refused_with_the_nearest():
    path = a_conf("plus: [form]")
    with pytest.raises(ConfigError) as refused:
        load(path, environ={})
    assert str(refused.value) == (
        "conf/dev.yml: plus: unknown resource 'form'. Did you mean 'forms'? Choose from account, "
        "campaign_variations, catalogs, coupons, forms, metric_days, predictions, push_tokens, "
        "reports, segment_days, templates, all."
    )


def test_the_schema_of_klaviyo_plus_is_one_of_its_own():
    path = a_conf("schemas: {plus: klaviyo_v2}")
    with pytest.raises(ConfigError, match="two are the same"):
        load(path, environ={})
