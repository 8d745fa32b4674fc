"""Every way a request can fail, as one table, and how it is answered: problem details (RFC 9457).

https://www.rfc-editor.org/rfc/rfc9457
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from aiohttp import web

from bot.http_api.models import Fault, Problem

MEDIA_TYPE = "application/problem+json"
# Where a kind of problem is explained; the documentation page has an anchor for each.
TYPE_BASE = "/api/v1/docs#"


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of problem. `meaning` is for the documentation: what the caller can do."""

    status: int
    title: str
    meaning: str


KINDS: Mapping[str, Kind] = MappingProxyType(
    {
        "malformed": Kind(400, "The request cannot be read", "Send well-formed JSON or multipart/form-data."),
        "unauthorized": Kind(
            401, "No valid API key", "Send `Authorization: Bearer <key>` or `X-API-Key: <key>` with a key of ours."
        ),
        "api_off": Kind(403, "The API is switched off", "The operator sets `API_KEYS` to switch it on."),
        "origin_refused": Kind(
            403, "This web page may not call the API", "The operator names the page's origin in `API_ALLOWED_ORIGINS`."
        ),
        "no_such_route": Kind(404, "There is nothing here", "See the list of operations."),
        "no_such_task": Kind(404, "You have no such task", "The id is wrong, or the task is another key's."),
        "method_not_allowed": Kind(405, "Not with this method", "The `Allow` header names those that work."),
        "too_slow": Kind(408, "The upload took too long", "Send it again over a faster line, or smaller pictures."),
        "too_large": Kind(413, "The request is too large", "Send fewer or smaller pictures."),
        "unsupported_media_type": Kind(
            415, "Not a type that is taken", "Send `application/json` or `multipart/form-data`."
        ),
        "invalid": Kind(422, "The request does not fit", "`errors` says what is wrong where."),
        "image_refused": Kind(
            422, "A picture cannot be used", "`errors` says which and why, in the language of `Accept-Language`."
        ),
        "idempotency_key_reused": Kind(
            422, "This Idempotency-Key belongs to another request", "A new request needs a new key."
        ),
        "rate_limited": Kind(429, "Too many requests", "Wait for `Retry-After` seconds."),
        "too_many_active": Kind(
            429, "Too many unfinished tasks", "Wait until one has ended; `Retry-After` is a guess."
        ),
        "daily_quota": Kind(429, "The day's tasks are used up", "The next is possible in `Retry-After` seconds."),
        "internal": Kind(500, "A mistake of ours", "It was logged. Trying again may or may not help."),
        "busy": Kind(503, "Too many uploads at once", "Try again in `Retry-After` seconds."),
        "unavailable": Kind(503, "The storage cannot be used now", "Try again in `Retry-After` seconds."),
    }
)

# What aiohttp itself, and the table of `bot.errors`, answer with.
_BY_STATUS = {
    400: "malformed",
    404: "no_such_route",
    405: "method_not_allowed",
    408: "too_slow",
    413: "too_large",
    415: "unsupported_media_type",
    503: "unavailable",
}


class ProblemError(Exception):
    """Ends a request with this problem."""

    def __init__(
        self, code: str, *, detail: str | None = None, errors: Iterable[Fault] = (), retry_after_s: int | None = None
    ) -> None:
        super().__init__(code)
        self.code, self.detail, self.errors, self.retry_after_s = code, detail, tuple(errors), retry_after_s


def invalid(pointer: str, detail: str) -> ProblemError:
    """One thing is wrong with the request."""
    return ProblemError("invalid", errors=[Fault(pointer=pointer, detail=detail)])


def answer(error: ProblemError, headers: Mapping[str, str] | None = None) -> web.Response:
    """The problem as an HTTP answer."""
    kind = KINDS[error.code]
    body = Problem(
        type=TYPE_BASE + error.code,
        title=kind.title,
        status=kind.status,
        code=error.code,
        detail=error.detail,
        errors=error.errors or None,
    )
    response = web.Response(
        body=body.model_dump_json(exclude_none=True).encode(), status=kind.status, content_type=MEDIA_TYPE
    )
    response.headers.update(headers or {})
    if error.retry_after_s is not None:
        response.headers["Retry-After"] = str(error.retry_after_s)
    if kind.status == 401:
        response.headers["WWW-Authenticate"] = 'Bearer realm="darkroom"'
    return response


def of_status(status: int) -> str:
    """The code for a failure of which only the HTTP status is known."""
    return _BY_STATUS.get(status, "malformed" if status < 500 else "internal")
