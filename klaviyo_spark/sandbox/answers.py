"""Answers of the sandbox and its refusals, in Klaviyo's words. No sockets here."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field

import msgspec

from klaviyo_spark.sandbox.model import Json

JSON_API = "application/vnd.api+json"


@dataclass(slots=True)
class Answer:
    """A response: ``cut`` bytes fewer are sent than its length says; ``drop``: none at all."""

    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)
    content_type: str = JSON_API
    cut: int = 0
    drop: bool = False


class Refusal(Exception):
    """A request that Klaviyo would not serve; becomes an answer with an error body."""

    def __init__(
        self,
        status: int,
        code: str,
        title: str,
        detail: str,
        source: dict[str, str] | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.title = title
        self.detail = detail
        self.source = source or {"pointer": "/data/"}
        self.headers = headers or {}

    def answer(self) -> Answer:
        """The error body."""
        error = {
            "id": str(uuid.uuid4()),
            "status": self.status,
            "code": self.code,
            "title": self.title,
            "detail": self.detail,
            "source": self.source,
            "links": {},
            "meta": {},
        }
        return Answer(self.status, msgspec.json.encode({"errors": [error]}), self.headers)


def invalid(detail: str, parameter: str) -> Refusal:
    """400 for a query parameter."""
    return Refusal(400, "invalid", "Invalid input.", detail, {"parameter": parameter})


def invalid_id(what: str) -> Refusal:
    """400 for an id that none can have."""
    detail = f"Invalid {what} ID"
    return Refusal(400, "invalid", "Invalid input.", detail, {"pointer": "/data/id"})


def not_found(what: str, id: str) -> Refusal:
    """404 for an id that nobody has (any longer)."""
    return Refusal(404, "not_found", "Not found.", f"A {what} with id {id} does not exist.")


def throttled(wait_s: int) -> Refusal:
    """429, without the rate limit headers that successes have."""
    unit = "second" if wait_s == 1 else "seconds"
    detail = f"Request was throttled. Expected available in {wait_s} {unit}."
    return Refusal(
        429, "throttled", "Request was throttled.", detail, headers={"Retry-After": str(wait_s)}
    )


def forbidden() -> Refusal:
    """403: the key lacks a scope; which one is not said."""
    detail = "You do not have permission to perform this action."
    return Refusal(403, "permission_denied", detail, detail)


def ok(body: Json) -> Answer:
    """200 with a document."""
    return Answer(200, msgspec.json.encode(body))
