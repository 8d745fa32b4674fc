"""Reads request bodies, bounded, and leaves a short copy for the journal."""

import asyncio
import json
from typing import Any

from aiohttp import web

from mock_server.replicate.journal import abridged
from mock_server.replicate.problems import bad_request

JOURNAL_BODY: web.RequestKey[Any] = web.RequestKey("JOURNAL_BODY", object)
"""Where on the request the copy is."""
PARSED_ON_THE_LOOP_BYTES = 256 * 1024


async def read_object(request: web.Request) -> dict[str, Any]:
    """The JSON object of a request; an empty body is an empty object.

    Raises:
        Problem: 400 for anything else.
        HTTPRequestEntityTooLarge: above the configured size.
    """
    raw = await request.read()
    if not raw:
        return {}
    try:
        small = len(raw) <= PARSED_ON_THE_LOOP_BYTES
        value = _parse(raw) if small else await asyncio.to_thread(_parse, raw)
    except (ValueError, RecursionError):
        raise bad_request("The request body is not valid JSON.") from None
    if not isinstance(value, dict):
        raise bad_request("The request body must be a JSON object.")
    request[JOURNAL_BODY] = abridged(value)
    return value


def _parse(raw: bytes) -> Any:
    return json.loads(raw, parse_constant=_refuse_constant)


def _refuse_constant(name: str) -> None:
    """Python reads NaN and Infinity, JSON does not have them."""
    raise ValueError(f"{name} is no JSON")
