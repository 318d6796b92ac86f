"""More than one account in conf: settings of each, whose key is where, what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from klaviyo_spark.commands.sync import account_context as parts_of_a_command
from klaviyo_spark.commands.sync.account_context import AccountContext, parts
from klaviyo_spark.config.accounts import combined_exit_code, settings_per_account
from klaviyo_spark.config.loader import api_key, load
from klaviyo_spark.config.models import RESOURCE_NAMES, Settings
from klaviyo_spark.errors import ConfigError, Interrupted, UsageError

pytestmark = pytest.mark.usefixtures("_elsewhere")

TWO = """
start: 2024-01-01
secret_scope: klaviyo
accounts:
  - name: us
    key_variable: KEY_US
    secret_key: us
  - name: eu
    key_variable: KEY_EU
    resources: [events, campaigns]
    start: 2025-06-01
    metrics: all
    rate_limit_share: 0.5
    base_url: http://127.0.0.1:8
"""
BOTH = {"KEY_US": "pk_us", "KEY_EU": "pk_eu"}


def loaded(text: str = TWO, environ: dict[str, str] | None = None, **options: Any) -> Settings:
    Path("a.yml").write_text(text, encoding="utf-8")
    return load("a.yml", environ=environ or {}, **options)


def accounts(*entries: str) -> str:
    return "accounts:\n" + "".join(f"  - {{{entry}}}\n" for entry in entries)


SECRETS = accounts("name: us, secret_key: us", "name: eu, secret_key: eu")


# -- settings of each -----------------------------------------------------------------------------


def test_each_account_has_its_own_settings_and_conf_s_where_it_says_none():
    us, eu = settings_per_account(loaded())

    assert (us.account, us.resources, us.start, us.rate_limit_share) == (
        "us",
        RESOURCE_NAMES,
        "2024-01-01",
        1,
    )
    assert (eu.account, eu.resources, eu.start) == ("eu", ("campaigns", "events"), "2025-06-01")
    assert (eu.metrics, eu.rate_limit_share, eu.base_url) == ("all", 0.5, "http://127.0.0.1:8")
    assert us.accounts == eu.accounts == ()


def test_a_start_of_null_is_an_account_s_own_too():
    entries = accounts("name: us, key_variable: A, start: null", "name: eu, key_variable: B")
    us, eu = settings_per_account(loaded(f"start: 2024-01-01\n{entries}"))

    assert (us.start_time, eu.start) == (None, "2024-01-01")


def test_without_accounts_there_is_the_one_that_conf_names():
    settings = loaded("account: brand\naccounts: []\n")

    assert settings_per_account(settings) == (settings,)
    assert settings_per_account(Settings()) == (Settings(),)


def test_one_account_can_be_chosen_and_its_settings_are_then_all_there_is():
    eu = loaded(account="eu")

    assert settings_per_account(eu) == (settings_per_account(loaded())[1],)
    assert (eu.account, eu.start, eu.key_variable) == ("eu", "2025-06-01", "KEY_EU")
    assert [entry.name for entry in eu.accounts] == ["eu"]


def test_a_list_of_one_account_is_that_account():
    settings = loaded(accounts("name: only, key_variable: A"))

    assert (settings.account, settings.key_variable, len(settings_per_account(settings))) == (
        "only",
        "A",
        1,
    )


def test_what_the_command_line_says_holds_for_every_account():
    every = settings_per_account(loaded(resources="tags", base_url="https://b.example"))

    assert {(one.resources, one.base_url) for one in every} == {(("tags",), "https://b.example")}


def test_the_environment_s_address_goes_over_an_account_s():
    environ = {"KLAVIYO_BASE_URL": "http://127.0.0.1:9"}

    assert {one.base_url for one in settings_per_account(loaded(environ=environ))} == {
        "http://127.0.0.1:9"
    }


def test_a_conf_lists_its_accounts_anew_and_takes_the_rest_from_the_base_beside_it():
    Path("base.yml").write_text(
        "max_concurrent_requests: 3\n" + accounts("name: old, key_variable: OLD")
    )

    us, eu = settings_per_account(loaded())

    assert (us.account, eu.account, us.max_concurrent_requests, eu.max_concurrent_requests) == (
        "us",
        "eu",
        3,
        3,
    )


# -- keys -----------------------------------------------------------------------------------------


def test_an_account_s_key_is_in_the_variable_it_names():
    assert [api_key(one, BOTH).reveal() for one in settings_per_account(loaded())] == [
        "pk_us",
        "pk_eu",
    ]


def test_no_account_takes_the_key_that_one_alone_would_have():
    _, eu = settings_per_account(loaded())

    with pytest.raises(ConfigError, match="^no Klaviyo key found. Either set KEY_EU"):
        api_key(eu, {"KLAVIYO_API_KEY": "pk_other"})


def test_a_scope_or_a_key_s_name_may_be_the_same_for_all():
    scopes = accounts("name: us, secret_scope: us", "name: eu, secret_scope: eu")

    for text, expected in (
        ("secret_scope: klaviyo\n" + SECRETS, [("klaviyo", "us"), ("klaviyo", "eu")]),
        ("secret_key: private\n" + scopes, [("us", "private"), ("eu", "private")]),
    ):
        every = settings_per_account(loaded(text))
        assert [(one.secret_scope, one.secret_key) for one in every] == expected
        assert [one.key_variable for one in every] == [None, None]


def test_a_secret_alone_says_what_to_name_where_there_are_no_secrets():
    us, _ = settings_per_account(loaded("secret_scope: klaviyo\n" + SECRETS))

    with pytest.raises(ConfigError, match="has secret scopes. Elsewhere, name a key_variable"):
        api_key(us, {"KLAVIYO_API_KEY": "pk_other"})


def test_a_key_is_called_by_where_it_is_from():
    us, eu = settings_per_account(loaded())

    assert (api_key(us, BOTH).name, api_key(eu, BOTH).name) == ("KEY_US", "KEY_EU")


def test_a_secret_on_the_command_line_is_of_the_account_that_is_chosen():
    us = loaded(account="us", secret_scope="s", secret_key="k")

    for one in (us, *settings_per_account(us)):
        assert (one.account, one.secret_scope, one.secret_key) == ("us", "s", "k")
    with pytest.raises(UsageError, match=r"Add --account and one of: us, eu"):
        loaded(secret_scope="s", secret_key="k")


# -- what is refused ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            accounts("name: us"),
            "accounts: us: has no key of its own. Set its key_variable, or its "
            "secret_scope and secret_key.",
        ),
        (
            "secret_scope: k\nsecret_key: shared\n" + accounts("name: us"),
            "accounts: us: has no key of its own. Set its key_variable, or its "
            "secret_scope and secret_key.",
        ),
        (
            accounts("name: us, secret_scope: k"),
            "accounts: us: has no key of its own. Set its key_variable, or its "
            "secret_scope and secret_key.",
        ),
        (
            accounts("name: us, key_variable: A", "name: US, key_variable: B"),
            "accounts: US is listed twice. Give each account its own name.",
        ),
        (
            accounts("name: us, key_variable: A", "name: eu, key_variable: A"),
            "accounts: us and eu have the same key. Give each account its own key.",
        ),
        (
            "secret_scope: k\n" + accounts("name: us, secret_key: a", "name: eu, secret_key: a"),
            "accounts: us and eu have the same key. Give each account its own key.",
        ),
        (
            accounts("name: us, key_varible: A"),
            "a.yml: accounts[0]: unknown setting 'key_varible'. Did you mean "
            "'key_variable'? conf/base.yml lists all settings.",
        ),
        (
            accounts("name: us, key_variable: A, max_concurrent_requests: 2"),
            "a.yml: accounts[0]: unknown setting 'max_concurrent_requests'. conf/base.yml "
            "lists all settings.",
        ),
        (
            accounts("name: us, key_variable: A, resources: [evnts]"),
            "a.yml: accounts[0].resources: unknown resource 'evnts'. Did you mean "
            "'events'? Choose from campaigns, events, flows, lists, metrics, profiles, "
            "segments, tags, account, campaign_variations, catalogs, coupons, forms, metric_days, "
            "predictions, push_tokens, reports, segment_days, templates.",
        ),
        (
            accounts("name: us, key_variable: A, base_url: 'http://a.example'"),
            "a.yml: accounts[0].base_url: plain http to a.example would expose the key. "
            "Use https in `base_url`; http is for loopback addresses only.",
        ),
        (
            accounts("name: us, key_variable: A, rate_limit_share: 2"),
            "a.yml: accounts[0].rate_limit_share: expected `float` <= 1.0",
        ),
        (
            accounts("key_variable: A"),
            "a.yml: accounts[0]: has no name",
        ),
        ("accounts: us", "a.yml: accounts: expected `array`, got `str`"),
        ("accounts: 3", "a.yml: accounts: expected `array`, got `int`"),
        ("accounts: [us]", "a.yml: accounts[0]: expected `object`, got `str`"),
    ],
)
def test_accounts_that_do_not_fit_are_refused_in_a_line(text: str, message: str):
    with pytest.raises(ConfigError) as refused:
        loaded(text)

    assert (str(refused.value), refused.value.exit_code) == (message, 2)


def test_a_key_in_the_place_of_its_variable_is_refused_without_repeating_it():
    key = "pk_" + "0123456789abcdef"

    with pytest.raises(ConfigError, match="contains what looks like a Klaviyo key") as refused:
        loaded(accounts(f"name: us, key_variable: {key}"))

    assert key not in str(refused.value)


def test_an_account_that_conf_does_not_list_is_refused_with_those_it_does():
    with pytest.raises(
        UsageError,
        match=(
            "--account fr: not one of `accounts` in conf: us, eu. Name one of these, or leave "
            "--account out for all."
        ),
    ):
        loaded(account="fr")


# -- each account's part of a command -------------------------------------------------------------


def test_each_account_has_a_client_and_a_limiter_of_its_own():
    us, eu = parts(loaded(), asks=True, environ=BOTH)

    assert us.client
    assert eu.client
    assert us.client.limiter is not eu.client.limiter
    assert (us.client.base_url, eu.client.base_url) == (
        "https://a.klaviyo.com",
        "http://127.0.0.1:8",
    )


def test_a_command_that_asks_nothing_needs_no_key():
    assert [(one.account, one.client, one.error) for one in parts(loaded(), asks=False)] == [
        ("us", None, None),
        ("eu", None, None),
    ]


def test_an_account_without_its_key_leaves_the_others_theirs():
    us, eu = parts(loaded(), asks=True, environ={"KEY_US": "pk_us"})

    assert (us.error, eu.client) == (None, None)
    assert str(eu.error).startswith("no Klaviyo key found. Either set KEY_EU")


def test_where_no_account_has_a_key_nothing_is_started():
    with pytest.raises(ConfigError) as refused:
        parts(loaded(), asks=True, environ={})

    said = str(refused.value)
    assert said.startswith("no account has a usable key. us: secret klaviyo/us: only Databricks")
    assert " eu: no Klaviyo key found. Either set KEY_EU" in said
    assert (refused.value.exit_code, len(said.splitlines())) == (2, 1)


def test_one_account_without_a_key_is_refused_as_ever():
    with pytest.raises(ConfigError, match="^no Klaviyo key found. Either set KLAVIYO_API_KEY"):
        parts(Settings(), asks=True, environ={})


def test_two_variables_with_the_same_key_are_the_same_account():
    text = accounts("name: us, key_variable: KEY_US", "name: eu, key_variable: KEY_EU")

    with pytest.raises(ConfigError, match="us and eu have the same key") as refused:
        parts(loaded(text), asks=True, environ=dict.fromkeys(BOTH, "pk_one"))

    assert "pk_one" not in str(refused.value)


# -- one after the other --------------------------------------------------------------------------


def some(*names: str) -> list[AccountContext]:
    return [AccountContext(Settings(account=name)) for name in names]


def test_an_error_of_one_account_is_said_and_the_next_is_done():
    said: list[str] = []
    done: list[str] = []

    def work(part: AccountContext) -> int:
        if part.account == "us":
            raise ZeroDivisionError("division by zero")
        done.append(part.account)
        return 0

    code = parts_of_a_command.for_each_account(some("us", "eu"), work, said.append)

    assert (code, done) == (3, ["eu"])
    assert said == [
        "== account us",
        "failed: us: ZeroDivisionError: division by zero",
        "== account eu",
    ]


def test_an_account_without_its_key_is_said_and_the_next_is_done():
    said: list[str] = []
    us, eu = some("us", "eu")

    code = parts_of_a_command.for_each_account(
        [AccountContext(us.settings, error=ConfigError("no key")), eu], lambda part: 0, said.append
    )

    assert (code, said[1]) == (3, "failed: us: no key")


def test_an_interrupt_leaves_the_accounts_that_are_left():
    done: list[str] = []

    def work(part: AccountContext) -> int:
        done.append(part.account)
        raise Interrupted("interrupted")

    with pytest.raises(Interrupted):
        parts_of_a_command.for_each_account(some("us", "eu"), work, print)

    assert done == ["us"]


def test_with_one_account_it_is_no_more_than_the_work(capsys: pytest.CaptureFixture[str]):
    def work(part: AccountContext) -> int:
        raise ZeroDivisionError

    assert parts_of_a_command.for_each_account(some("us"), lambda part: 4, print) == 4
    with pytest.raises(ZeroDivisionError):
        parts_of_a_command.for_each_account(some("us"), work, print)
    assert capsys.readouterr().out == ""


# -- what they come to ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("codes", "expected"),
    [
        ([0, 0], 0),
        ([0, 1], 3),
        ([0, 2], 3),
        ([0, 3], 3),
        ([3, 3], 3),
        ([3, 1], 3),
        ([1, 1], 1),
        ([2, 2], 2),
        ([1, 2], 1),
        ([0, 4], 4),
        ([3, 4], 4),
        ([1, 4], 4),
        ([4, 4], 4),
    ],
)
def test_what_several_accounts_come_to(codes: list[int], expected: int):
    assert combined_exit_code(codes) == combined_exit_code(reversed(codes)) == expected


@given(st.lists(st.sampled_from([0, 1, 2, 3, 4]), min_size=1))
def test_several_accounts_are_done_only_where_each_is(codes: list[int]):
    assert (combined_exit_code(codes) == 0) == (set(codes) == {0})
    assert combined_exit_code(codes * 2) == combined_exit_code(codes)
    assert len(set(codes)) > 1 or combined_exit_code(codes) == codes[0]


@pytest.mark.parametrize(
    ("resources", "metrics", "has_account"),
    [
        (("events", "tags"), ("documented", "commerce"), True),
        (("tags",), ("documented", "commerce"), False),
        (("events", "tags"), ("documented",), False),
        (("events", "tags"), "all", False),
    ],
)
def test_events_of_commerce_need_the_account(resources, metrics, has_account):
    [one] = settings_per_account(Settings(resources=resources, metrics=metrics))

    assert one.resources == (*resources, *(["account"] if has_account else []))
