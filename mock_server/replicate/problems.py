"""Errors of the API as it really words them: RFC 7807 bodies that end with a line feed."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from aiohttp import web

CREDIT_URL = "https://replicate.com/account/billing#billing"


class Problem(Exception):  # noqa: N818 -- RFC 7807's own word
    """An answer of `application/problem+json`; `headers` go out with it."""

    def __init__(self, status: int, body: Mapping[str, Any], *, headers: Mapping[str, str] | None = None) -> None:
        """`body` is sent as given: recorded problems differ in which of title and status they carry."""
        super().__init__(f"{status}: {body.get('detail')}")
        self.status = status
        self.body = body
        self.headers = dict(headers or {})

    def response(self) -> web.Response:
        """The answer to send."""
        text = json.dumps(self.body, separators=(",", ":")) + "\n"
        return web.Response(
            status=self.status, text=text, content_type="application/problem+json", headers=self.headers
        )


def bad_request(detail: str) -> Problem:
    """400: the call cannot be read."""
    return Problem(400, {"title": "Bad request", "detail": detail, "status": 400})


def unauthenticated() -> Problem:
    """401: no token, or another one than the configured."""
    detail = "You did not pass a valid authentication token"
    return Problem(401, {"title": "Unauthenticated", "detail": detail, "status": 401})


def insufficient_credit() -> Problem:
    """402: the account cannot pay."""
    detail = (
        f"You have insufficient credit to run this model. Go to {CREDIT_URL} to purchase credit. "
        "Once you purchase credit, please wait a few minutes before trying again."
    )
    return Problem(402, {"title": "Insufficient credit", "detail": detail, "status": 402})


def not_found(detail: str = "The requested resource could not be found.") -> Problem:
    """404, without a title as recorded."""
    return Problem(404, {"detail": detail, "status": 404})


def too_large(limit_bytes: int) -> Problem:
    """413: a body above the limit."""
    return Problem(413, {"detail": f"Files must be less than {limit_bytes // 1_000_000}MB in size"})


def unknown_version() -> Problem:
    """422: no such version."""
    detail = "The specified version does not exist (or perhaps you don't have permission to use it?)"
    return Problem(422, {"title": "Invalid version or not permitted", "detail": detail, "status": 422})


def invalid_input(faults: Sequence[Mapping[str, str]]) -> Problem:
    """422 for fields that break the model's schema; each fault has `type`, `field`, `description`."""
    detail = "".join(f"- {fault['field']}: {fault['description']}\n" for fault in faults)
    body = {"detail": detail, "status": 422, "title": "Input validation failed"}
    return Problem(422, {**body, "invalid_fields": list(faults)})


def invalid_field(field: str, description: str, kind: str = "format") -> Problem:
    """422 for one field."""
    return invalid_input([{"type": kind, "field": field, "description": description}])


def throttled(wait_s: int) -> Problem:
    """429 in its plain form: the wait is in the text only."""
    return Problem(429, {"detail": f"Request was throttled. Your rate limit resets in ~{wait_s}s."})


def throttled_for_credit(wait_s: int) -> Problem:
    """429 of an account with little credit: the wait is in the body, in two places."""
    detail = (
        "Request was throttled. Your rate limit for creating predictions is reduced to 6 requests per minute "
        "with a burst of 1 requests while you have less than $5.0 in credit. "
        f"Your rate limit resets in ~{wait_s}s."
    )
    return Problem(429, {"detail": detail, "status": 429, "retry_after": wait_s})


def throttled_by_header(wait_s: int) -> Problem:
    """429 that tells the wait in `Retry-After` only."""
    return Problem(429, {"detail": "Request was throttled."}, headers={"Retry-After": str(wait_s)})


def server_error(status: int) -> Problem:
    """Any 5xx."""
    title = {500: "Internal server error", 503: "Service unavailable"}.get(status, "Server error")
    return Problem(status, {"title": title, "detail": "Something went wrong on our side.", "status": status})


def not_modelled(what: str) -> Problem:
    """501: documented by Replicate, absent here."""
    detail = f"The mock does not imitate {what}; mock_server/README.md lists what it does."
    return Problem(501, {"title": "Not implemented", "detail": detail, "status": 501})


def html_error(status: int) -> web.Response:
    """The page of the proxy in front of the API, which is not JSON."""
    page = (
        f"<!DOCTYPE html>\n<html><head><title>replicate.com | {status}</title></head>"
        f"<body><h1>Error {status}</h1><p>The web server reported an error.</p></body></html>\n"
    )
    return web.Response(status=status, text=page, content_type="text/html")
