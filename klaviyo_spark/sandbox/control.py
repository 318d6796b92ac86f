"""The sandbox's own endpoints, ``/_sandbox/...``: move the account on, ask it, let it misbehave."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, Protocol
from urllib.parse import parse_qsl

from klaviyo_spark.sandbox.account import Account
from klaviyo_spark.sandbox.answers import Answer, Refusal
from klaviyo_spark.sandbox.faults import Faults
from klaviyo_spark.sandbox.times import parsed

PREFIX = "/_sandbox/"


class Request(Protocol):
    """A request that came in."""

    @property
    def endpoint(self) -> str:
        """Its path, with ``{id}``."""
        ...


class Controlled(Protocol):
    """What is controlled, as far as that goes; ``app.App`` is one."""

    account: Account
    faults: Faults
    missing_scopes: set[str]

    @property
    def requests(self) -> Sequence[Request]:
        """All so far."""
        ...


def control(app: Controlled, environ: dict[str, Any]) -> Answer:
    """Do what is asked. No key is needed: the server listens on loopback only."""
    asked = f"{environ['REQUEST_METHOD']} {environ['PATH_INFO'].removeprefix(PREFIX)}"
    try:
        return _json(_do(app, asked, environ))
    except Refusal as refusal:
        return refusal.answer()
    except (ValueError, TypeError, KeyError) as error:
        return Refusal(400, "invalid", "Invalid input.", str(error)).answer()


def _do(app: Controlled, asked: str, environ: dict[str, Any]) -> object:
    match asked:
        case "POST advance":
            app.account.advance(int(_body(environ).get("days", 1)))
            return {"days": app.account.days, "today": app.account.today}
        case "GET counts":
            return Counter(request.endpoint for request in list(app.requests))
        case "POST faults":
            app.faults.add(**_body(environ))
            return {"added": True}
        case "DELETE faults":
            app.faults.clear()
            return {"cleared": True}
        case "POST missing_scopes":
            app.missing_scopes = set(_body(environ)["scopes"])
            return {"missing_scopes": sorted(app.missing_scopes)}
        case "GET truth":
            until = dict(parse_qsl(environ["QUERY_STRING"])).get("until")
            return app.account.truth(parsed(until) if until else None)
        case "GET plus_truth":
            return app.account.plus_truth()
        case _:
            raise Refusal(404, "not_found", "Not found.", f"{asked} does not exist.")


def _body(environ: dict[str, Any]) -> dict[str, Any]:
    said = json.loads(environ["wsgi.input"].read() or b"{}")
    if not isinstance(said, dict):
        raise ValueError("the body must be a JSON object")
    return said


def _json(said: object) -> Answer:
    text = json.dumps(said, default=_text, ensure_ascii=False)
    return Answer(200, text.encode(), content_type="application/json")


def _text(value: object) -> str:
    if isinstance(value, (date, datetime)):
        return value.isoformat()
    raise TypeError(f"{type(value)} is not JSON")
