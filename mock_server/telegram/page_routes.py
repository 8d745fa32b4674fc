"""The chat page, the bytes of pictures in it, sample photos, and the stream of events that keeps it live."""

import asyncio
import contextlib
import json
from collections.abc import Mapping
from pathlib import Path

from aiohttp import web

from mock_server.telegram.control_views import message_view
from mock_server.telegram.event_log import Event
from mock_server.telegram.files import StoredFile
from mock_server.telegram.page_files import PageFile, page_files
from mock_server.telegram.pictures import PictureDimensionsError, UnreadablePictureError, render_ladder
from mock_server.telegram.samples import SAMPLES, find_sample
from mock_server.telegram.world import World

KEEP_ALIVE_S = 15.0
_WORLD = web.AppKey("page_world", World)
_WITH_MESSAGE = frozenset({"message", "edit", "delete", "reaction", "delivered"})
_PAGE_FILES = web.AppKey("page_files", Mapping[str, PageFile])
_PAGE_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Cache-Control": "no-cache",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
_PREVIEW_BOX = 1280
# Browsers wait several seconds by themselves, which is long after a restart on the same machine.
_COME_BACK_AFTER_MS = 500
# An id never leads to another file, so a picture need not be asked for twice.
_MEDIA_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "sandbox",
    "Cache-Control": "private, max-age=3600, immutable",
}


def add_page_routes(app: web.Application, world: World) -> None:
    """Serve `/`, `/page/...`, `/control/media/...`, `/control/preview/...`, `/control/samples`, `/control/events`."""
    app[_WORLD], app[_PAGE_FILES] = world, page_files()
    app.router.add_get("/", _page_file)
    app.router.add_get("/page/{name}", _page_file)
    app.router.add_get("/control/media/{file_id}", _media)
    app.router.add_get("/control/preview/{file_id}", _preview)
    app.router.add_get("/control/samples", _samples)
    app.router.add_get("/control/samples/{name}", _sample)
    app.router.add_get("/control/events", _events)


async def _page_file(request: web.Request) -> web.Response:
    file = request.app[_PAGE_FILES].get(request.match_info.get("name", "index.html"))
    if file is None:
        return web.json_response({"error": "the page has no such file"}, status=404)
    return web.Response(body=file.body, headers=_PAGE_HEADERS | {"Content-Type": f"{file.mime_type}; charset=utf-8"})


def _stored(request: web.Request) -> tuple[StoredFile, Path] | None:
    files = request.app[_WORLD].files
    file = files.get(request.match_info["file_id"])
    location = files.location(file.path) if file is not None else None
    return (file, location) if file is not None and location is not None else None


def _no_such_file() -> web.Response:
    return web.json_response({"error": "no such file, or it was forgotten"}, status=404)


async def _media(request: web.Request) -> web.StreamResponse:
    found = _stored(request)
    if found is None:
        return _no_such_file()
    file, location = found
    headers = _MEDIA_HEADERS | {"Content-Type": "image/webp" if file.kind == "sticker" else "image/jpeg"}
    if file.kind in {"document", "video"}:  # somebody's bytes: never shown as part of our page
        headers |= {"Content-Type": "application/octet-stream", "Content-Disposition": "attachment"}
    return web.FileResponse(location, headers=headers)


async def _preview(request: web.Request) -> web.StreamResponse:
    """Give a JPEG of an image that was sent as a file; its own bytes are never shown by the page."""
    found = _stored(request)
    if found is None:
        return _no_such_file()
    data = await asyncio.to_thread(found[1].read_bytes)
    try:
        rendition = (await asyncio.to_thread(render_ladder, data, (_PREVIEW_BOX,), max_sides_sum=None))[-1]
    except (UnreadablePictureError, PictureDimensionsError) as error:
        return web.json_response({"error": f"there is no preview: {error}"}, status=415)
    return web.Response(body=rendition.data, headers=_MEDIA_HEADERS | {"Content-Type": "image/jpeg"})


async def _samples(_: web.Request) -> web.Response:
    shown = [
        {"name": one.name, "title": one.title, "note": one.note, "kind": one.kind, "mime_type": one.mime_type}
        for one in SAMPLES
    ]
    return web.json_response(shown)


async def _sample(request: web.Request) -> web.StreamResponse:
    sample = find_sample(request.match_info["name"])
    if sample is None:
        return web.json_response({"error": "no such sample"}, status=404)
    body = await asyncio.to_thread(sample.make)
    headers = {"Content-Type": sample.mime_type, "X-Content-Type-Options": "nosniff", "Cache-Control": "max-age=3600"}
    return web.Response(body=body, headers=headers)


async def _events(request: web.Request) -> web.StreamResponse:
    """Stream events as Server-Sent Events, from `Last-Event-ID` or `?after=` on; `reset` means: read the state anew."""
    world = request.app[_WORLD]
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"})
    with contextlib.suppress(ConnectionResetError):  # the page was closed, which is how every stream ends
        await response.prepare(request)
        await response.write(f"retry: {_COME_BACK_AFTER_MS}\n\n".encode())
        await _stream(world, response, _asked_seq(request, world.events.last))
    return response


async def _stream(world: World, response: web.StreamResponse, seq: int) -> None:
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
        chat = world.book.chats[event.data["chat_id"]]
        message = chat.messages.get(event.data["message_id"])
        data |= {"message": message_view(world, message) if message is not None else None, "pings": chat.pings}
    return f"id: {event.seq}\nevent: {event.kind}\ndata: {json.dumps(data)}\n\n".encode()
