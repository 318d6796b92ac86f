"""The status of a lake, for each account of conf."""

from __future__ import annotations

from klaviyo_spark.clock import utc_now
from klaviyo_spark.commands.status.facts import facts
from klaviyo_spark.commands.status.summing import Status, summed
from klaviyo_spark.config.accounts import settings_per_account
from klaviyo_spark.config.models import Settings
from klaviyo_spark.lake.readers.opening import lake_name, reader


def status_per_account(settings: Settings) -> dict[str, Status]:
    """How the lake of ``settings`` is, in conf's order of accounts; it is looked at once.

    Raises:
        ConfigError: what is there is no lake, or it cannot be reached.
    """
    found, now, name = facts(reader(settings)), utc_now(), lake_name(settings)
    accounts = [one.account for one in settings_per_account(settings)]
    return {account: summed(found, name, account, now) for account in accounts}
