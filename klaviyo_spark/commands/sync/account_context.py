"""Each account's part of a command: its settings, its key and limiter; and one after the other.

No Spark here.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from klaviyo_spark import messages
from klaviyo_spark.client.client import Client
from klaviyo_spark.client.rate_limiter import Limiter
from klaviyo_spark.config import accounts
from klaviyo_spark.config.loader import api_key
from klaviyo_spark.config.models import Settings
from klaviyo_spark.config.secrets import ApiKey
from klaviyo_spark.errors import ConfigError, Interrupted, exit_code_of, words_of
from klaviyo_spark.log import account_context

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class AccountContext:
    """What a verb works with for one account.

    Args:
        settings: of that account.
        client: for verbs that ask Klaviyo.
        error: why it cannot be asked: there is no key.
    """

    settings: Settings
    client: Client | None = None
    error: ConfigError | None = None

    @property
    def account(self) -> str:
        """Its name."""
        return self.settings.account


def parts(
    settings: Settings, *, asks: bool, environ: Mapping[str, str] = os.environ
) -> tuple[AccountContext, ...]:
    """A part per account that ``settings`` name.

    An account among several whose key is not there has its error; the others can go on.

    Args:
        asks: whether Klaviyo is going to be asked.

    Raises:
        ConfigError: no account has a key, or two have the same.
    """
    found: list[AccountContext] = []
    keys: list[tuple[Settings, ApiKey]] = []
    for one in accounts.settings_per_account(settings):
        if not asks:
            found.append(AccountContext(one))
            continue
        try:
            key = api_key(one, environ)
            client = Client(one.base_url, key, limiter=Limiter(share=one.rate_limit_share))
        except ConfigError as error:
            found.append(AccountContext(one, error=error))
            continue
        keys.append((one, key))
        found.append(AccountContext(one, client))
    check_apart(keys)
    errors = [part.error for part in found if part.error]
    if len(errors) == len(found) == 1:
        raise errors[0]
    if len(errors) == len(found):
        said = " ".join(f"{part.account}: {part.error}" for part in found)
        raise ConfigError(messages.keys.NO_ACCOUNT_HAS_A_KEY(reasons=said))
    return tuple(found)


def check_apart(keys: Iterable[tuple[Settings, ApiKey]]) -> None:
    """Refuse two accounts that have the same key, wherever each takes it from.

    Raises:
        ConfigError: names both.
    """
    whose: dict[tuple[str, str], str] = {}
    for one, key in keys:
        first = whose.setdefault((one.base_url, key.reveal()), one.account)
        if first != one.account:
            raise accounts.duplicate_account_error(first, one.account)


def for_each_account(
    parts: Sequence[AccountContext],
    work: Callable[[AccountContext], int],
    say: Callable[[str], object],
    note: Callable[[str, str], object] = lambda _account, _error: None,
) -> int:
    """Do ``work`` for one account after the other; an error of one is said, and the next is done.

    With one account it is no more than that work.

    Args:
        say: where lines go.
        note: is told each account that an error ended, and the error in a line.

    Returns:
        The exit code: see ``accounts.combined_exit_code``.

    Raises:
        Interrupted: of the work; the accounts that are left are left.
    """
    if len(parts) == 1:
        return work(parts[0])
    codes: dict[str, int] = {}
    for part in parts:
        say(f"== account {part.account}")
        try:
            if part.error:
                raise part.error
            with account_context(part.account):
                codes[part.account] = work(part)
        except Interrupted:
            raise
        except Exception as error:
            logger.debug("account %s", part.account, exc_info=True)
            codes[part.account] = exit_code_of(error)
            say(f"failed: {part.account}: {words_of(error)}")
            note(part.account, words_of(error))
    return accounts.combined_exit_code(codes.values())
