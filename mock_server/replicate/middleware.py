"""Around every call of the API: token, rate limit, problems as bodies, the journal."""

import hmac
import json
from collections.abc import Awaitable, Callable

from aiohttp import web

from mock_server.replicate import problems
from mock_server.replicate.bodies import JOURNAL_BODY
from mock_server.replicate.journal import Call
from mock_server.replicate.parts import PARTS, Parts
from mock_server.replicate.rate_limit import TokenBucket

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

API_PREFIX = "/v1/"
JOURNALED = (API_PREFIX, "/output/")
DROPPED_STATUS = 499


@web.middleware
async def answer_call(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Lets in, limits, answers errors as Replicate does, and writes down what happened."""
    parts = request.app[PARTS]
    if not request.path.startswith(JOURNALED):
        return await handler(request)
    response = await _answer(request, handler, parts)
    parts.journal.calls.append(
        Call(
            at=parts.config.clock(),
            method=request.method,
            path=request.path,
            query=request.query_string,
            status=None if response.status == DROPPED_STATUS else response.status,
            body=request.get(JOURNAL_BODY),
        )
    )
    return response


async def _answer(request: web.Request, handler: Handler, parts: Parts) -> web.StreamResponse:
    if not request.path.startswith(API_PREFIX):
        return await handler(request)
    is_create = request.method == "POST" and request.path.endswith("/predictions")
    bucket = parts.create_limit if is_create else parts.request_limit
    try:
        _check_token(request, parts.config.api_token)
        if wait_s := bucket.take():
            raise problems.throttled(wait_s)
        response = await handler(request)
    except problems.Problem as problem:
        response = problem.response()
    except web.HTTPRequestEntityTooLarge:
        response = problems.too_large(parts.config.max_body_bytes).response()
    except web.HTTPException as error:
        body = {"detail": f"{error.reason}.", "status": error.status}
        response = problems.Problem(error.status, body).response()
    _add_limits(response, bucket)
    return response


def _check_token(request: web.Request, wanted: str | None) -> None:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    token = token.strip()
    if scheme not in ("Bearer", "Token") or not token:
        raise problems.unauthenticated()
    if wanted is not None and not hmac.compare_digest(token.encode(errors="replace"), wanted.encode()):
        raise problems.unauthenticated()


def _add_limits(response: web.StreamResponse, bucket: TokenBucket) -> None:
    if not response.prepared:
        response.headers["ratelimit-remaining"] = str(bucket.remaining)
        response.headers["ratelimit-reset"] = "1"


@web.middleware
async def answer_control_call(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Errors of the control surface as one JSON sentence."""
    if not request.path.startswith("/_mock/"):
        return await handler(request)
    try:
        return await handler(request)
    except problems.Problem as problem:
        return problem.response()
    except ValueError as error:
        body = json.dumps({"error": str(error)})
        return web.Response(status=400, text=body, content_type="application/json")
