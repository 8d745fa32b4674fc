"""Around every call of the API: token, faults, rate limit, problems as bodies, the journal."""

import hmac
import time
from collections.abc import Awaitable, Callable

from aiohttp import web

from mock_server.replicate import problems
from mock_server.replicate.api.bodies import JOURNAL_BODY
from mock_server.replicate.api.refusals import refusal
from mock_server.replicate.journal import Call
from mock_server.replicate.outputs import HTTPS_PREFIX, OUTPUT_PREFIX
from mock_server.replicate.parts import PARTS, Parts
from mock_server.replicate.rate_limit import TokenBucket
from mock_server.replicate.streams import FILE_PREFIX, TEXT_PREFIX

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

API_PREFIX = "/v1/"
JOURNALED = (API_PREFIX, OUTPUT_PREFIX, HTTPS_PREFIX)
OTHER_HOSTS = (TEXT_PREFIX, FILE_PREFIX)
"""What Replicate serves from other hosts than that of its API, without a token and without its limits."""
DROPPED_STATUS = 499


@web.middleware
async def answer_call(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Lets in, limits, answers errors as Replicate does, and writes down what happened."""
    if not request.path.startswith(JOURNALED):
        return await handler(request)
    parts, begun = request.app[PARTS], time.monotonic()
    response = await _answer(request, handler, parts)
    parts.journal.calls.append(
        Call(
            at=parts.clock(),
            method=request.method,
            path=request.path,
            query=request.query_string,
            status=None if response.status == DROPPED_STATUS else response.status,
            body=request.get(JOURNAL_BODY),
            took_s=time.monotonic() - begun,
        )
    )
    return response


async def _answer(request: web.Request, handler: Handler, parts: Parts) -> web.StreamResponse:
    if not request.path.startswith(API_PREFIX):
        return await handler(request)
    is_create = request.method == "POST" and request.path.endswith("/predictions")
    bucket = parts.create_limit if is_create else parts.request_limit
    try:
        response = await _let_in(request, handler, parts, bucket, is_create=is_create)
    except problems.Problem as problem:
        response = problem.response()
    except web.HTTPRequestEntityTooLarge:
        response = problems.too_large(parts.config.max_body_bytes).response()
    except web.HTTPException as error:
        body = {"detail": f"{error.reason}.", "status": error.status}
        response = problems.Problem(error.status, body).response()
    _add_limits(response, bucket)
    return response


async def _let_in(
    request: web.Request, handler: Handler, parts: Parts, bucket: TokenBucket, *, is_create: bool
) -> web.StreamResponse:
    path = request.path
    if path.startswith(OTHER_HOSTS) or (path.startswith("/v1/files/") and path.endswith("/download")):
        return await handler(request)
    _check_token(request, parts.config.api_token)
    if not is_create:
        await _befall(parts)
    if wait_s := bucket.take():
        raise problems.throttled(wait_s)
    return await handler(request)


async def _befall(parts: Parts) -> None:
    """What the global scenario has in store for calls that create nothing."""
    scenario = parts.switches.default
    if scenario.api_delay_s:
        await parts.clock.sleep(scenario.api_delay_s)
    if scenario.api_status is not None:
        raise refusal(scenario.api_status, scenario)


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
