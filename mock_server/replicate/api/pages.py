"""Cursor pages as Django REST makes them: opaque cursors that stay valid while new rows arrive on top."""

import base64
import binascii
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar
from urllib.parse import parse_qs, urlencode

from aiohttp import web

from mock_server.replicate.parts import PARTS, origin_of
from mock_server.replicate.problems import not_found
from mock_server.replicate.wire_format import parse_timestamp

Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    """Some rows, and the cursors of the pages with older and with newer ones."""

    rows: Sequence[Row]
    next_cursor: str | None
    previous_cursor: str | None


def cut_page(rows: Sequence[Row], moment_of: Callable[[Row], float], cursor: str | None, size: int) -> Page[Row]:
    """The page at `cursor`; `rows` are newest first and no two share a moment (seconds, exact to 1 µs).

    Raises:
        Problem: 404 for a cursor nobody handed out.
    """
    moments = [_micros(moment_of(row)) for row in rows]
    if cursor is None:
        first, last = 0, min(size, len(rows))
    else:
        position, backwards = _decode(cursor)
        if backwards:
            last = sum(moment > position for moment in moments)
            first = max(0, last - size)
        else:
            first = sum(moment >= position for moment in moments)
            last = min(first + size, len(rows))
    older = _encode(moments[last - 1], backwards=False) if first < last < len(rows) else None
    newer = _encode(moments[first], backwards=True) if 0 < first < last else None
    return Page(rows[first:last], older, newer)


def page_response(
    request: web.Request,
    rows: Sequence[Row],
    moment_of: Callable[[Row], float],
    shown: Callable[[Row], dict[str, Any]],
) -> web.Response:
    """The page the request asks for, its links absolute and with the query of the call.

    Raises:
        Problem: 404 for a cursor nobody handed out.
    """
    page = cut_page(rows, moment_of, request.query.get("cursor"), request.app[PARTS].config.page_size)

    def link(cursor: str | None) -> str | None:
        return None if cursor is None else origin_of(request) + str(request.rel_url.update_query(cursor=cursor))

    body = {"next": link(page.next_cursor), "previous": link(page.previous_cursor)}
    return web.json_response({**body, "results": [shown(row) for row in page.rows]})


def _micros(seconds: float) -> int:
    return round(seconds * 1_000_000)


def _encode(micros: int, *, backwards: bool) -> str:
    moment = datetime.fromtimestamp(micros // 1_000_000, UTC).replace(microsecond=micros % 1_000_000)
    query = urlencode({"r": "1"} | {"p": str(moment)}) if backwards else urlencode({"p": str(moment)})
    return base64.b64encode(query.encode()).decode()


def _decode(cursor: str) -> tuple[int, bool]:
    try:
        query = parse_qs(base64.b64decode(cursor, validate=True).decode())
        return _micros(parse_timestamp(query["p"][0])), "r" in query
    except (binascii.Error, ValueError, KeyError, OverflowError):
        raise not_found("Invalid cursor") from None
