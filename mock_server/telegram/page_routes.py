"""The chat page, the bytes of pictures in it, and the stream of events that keeps it live."""

import asyncio
import json
from pathlib import Path

from aiohttp import web

from mock_server.telegram.control_views import message_view
from mock_server.telegram.event_log import Event
from mock_server.telegram.world import World

KEEP_ALIVE_S = 15.0
_PAGE = Path(__file__).parent / "page" / "index.html"
_WORLD = web.AppKey("page_world", World)
_WITH_MESSAGE = frozenset({"message", "edit", "delete", "reaction"})
_PAGE_POLICY = (
    "default-src 'self'; img-src 'self' data:; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; "
    "frame-ancestors 'none'"
)


def add_page_routes(app: web.Application, world: World) -> None:
    """Serve `/`, `/control/media/<file_id>` and `/control/events`."""
    app[_WORLD] = world
    app.router.add_get("/", _page)
    app.router.add_get("/control/media/{file_id}", _media)
    app.router.add_get("/control/events", _events)


async def _page(_: web.Request) -> web.StreamResponse:
    return web.FileResponse(_PAGE, headers={"Content-Security-Policy": _PAGE_POLICY, "Cache-Control": "no-cache"})


async def _media(request: web.Request) -> web.StreamResponse:
    files = request.app[_WORLD].files
    file = files.get(request.match_info["file_id"])
    location = files.location(file.path) if file is not None else None
    if file is None or location is None:
        return web.json_response({"error": "no such file, or it was forgotten"}, status=404)
    headers = {"X-Content-Type-Options": "nosniff", "Content-Security-Policy": "sandbox", "Content-Type": "image/jpeg"}
    if file.kind == "document":  # somebody's bytes: never shown as part of our page
        headers |= {"Content-Type": "application/octet-stream", "Content-Disposition": "attachment"}
    return web.FileResponse(location, headers=headers)


async def _events(request: web.Request) -> web.StreamResponse:
    """Stream events as Server-Sent Events, from `Last-Event-ID` or `?after=` on; `reset` means: read the state anew."""
    world = request.app[_WORLD]
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"})
    await response.prepare(request)
    seq = _asked_seq(request, world.events.last)
    while not world.events.closed:
        events = world.events.since(seq)
        if events is None:
            seq = world.events.last
            await response.write(f"id: {seq}\nevent: reset\ndata: {{}}\n\n".encode())
            continue
        for event in events:
            seq = event.seq
            await response.write(_encode(world, event))
        await _wait_or_keep_alive(world, response, seq)
    return response


def _asked_seq(request: web.Request, newest: int) -> int:
    asked = request.headers.get("Last-Event-ID") or request.query.get("after", "")
    return int(asked) if asked.isascii() and asked.isdecimal() else newest


async def _wait_or_keep_alive(world: World, response: web.StreamResponse, seq: int) -> None:
    try:
        async with asyncio.timeout(KEEP_ALIVE_S):
            await world.events.beyond(seq)
    except TimeoutError:
        await response.write(b": still here\n\n")


def _encode(world: World, event: Event) -> bytes:
    data = {"seq": event.seq, "kind": event.kind, **event.data}
    if event.kind in _WITH_MESSAGE:
        message = world.book.chats[event.data["chat_id"]].messages.get(event.data["message_id"])
        data["message"] = message_view(world, message) if message is not None else None
    return f"id: {event.seq}\nevent: {event.kind}\ndata: {json.dumps(data)}\n\n".encode()
