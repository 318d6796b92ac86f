"""What a person answers for a new conf, made fit for it; ``config.template`` writes it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping

from klaviyo_spark import messages
from klaviyo_spark.config.loader import check_resources
from klaviyo_spark.config.secrets import KEY_LIKE, VARIABLE
from klaviyo_spark.config.template import Value
from klaviyo_spark.config.times import parse_time
from klaviyo_spark.errors import ConfigError, UsageError
from klaviyo_spark.lake.local.reach import check_store
from klaviyo_spark.lake.local.store import endpoint
from klaviyo_spark.lake.location import location
from klaviyo_spark.lake.warehouse import check_warehouse


def fitting(name: str, answer: str) -> Value:
    """What a person typed for a setting, as conf holds it; empty for ``start`` is all history.

    Raises:
        ConfigError: it does not fit; says what is expected.
    """
    text = answer.strip()
    if KEY_LIKE.search(text):
        raise UsageError(messages.command_line.KEY_AS_ANSWER(name=name, variable=VARIABLE))
    if name == "start":
        if text.lower() in ("", "all", "null"):
            return None
        try:
            parse_time(text)
        except ValueError as error:
            raise UsageError(messages.command_line.START_ANSWER(error=error)) from error
        return text
    if name == "resources":
        return check_resources(text.split(","))
    if not text:
        raise UsageError(
            messages.command_line.EMPTY_ANSWER(
                name=name, form="folder or URI" if "w" in name else "name"
            )
        )
    if name == "warehouse":
        check_warehouse(text, reached=False)  # a conf may be written before there are credentials
    return text


def lines_of_store(warehouse: str, environ: Mapping[str, str] = os.environ) -> Iterator[str]:
    """What to set for a lake on a store; nothing for a lake in a folder."""
    place = location(warehouse, environ)
    if place.store is None:
        return
    there = endpoint(environ)
    yield (
        f"the lake is on {there.url or 'AWS'}, region {there.region or 'of the profile or machine'}"
        "; AWS_ENDPOINT_URL and AWS_REGION name others"
    )
    try:
        check_store(place.store, warehouse)
    except ConfigError as error:
        yield f"{error}"
