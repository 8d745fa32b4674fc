"""The delivery host: result files without a token, well or badly served as the scenario says."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

from aiohttp import web

from mock_server.replicate.outputs import HTTPS_PREFIX, OUTPUT_PREFIX, Output
from mock_server.replicate.parts import PARTS

CHUNK = bytes(64 * 1024)
SLOW_PIECES = 20
OPEN_TO_ALL = {"Access-Control-Allow-Origin": "*"}
"""Pages in a browser may read outputs, as they may at Replicate."""

routes = web.RouteTableDef()


@routes.get(OUTPUT_PREFIX + "{token}/{id}/{file}")
@routes.get(HTTPS_PREFIX + "{token}/{file}")
async def get_output(request: web.Request) -> web.StreamResponse:
    """A result, 404 once it has expired."""
    output = request.app[PARTS].outputs.find(request.path)
    if output is None:
        return _gone()
    serve = _FAULTS.get(output.scenario.output)
    if serve is not None:
        return await serve(request, output)
    headers = {"Content-Type": output.content_type, "Cache-Control": "public, max-age=3600", **OPEN_TO_ALL}
    return web.FileResponse(output.path, headers=headers)


def _gone() -> web.Response:
    return web.Response(status=404, text="File not found\n")


async def _answer_gone(_request: web.Request, _output: Output) -> web.StreamResponse:
    return _gone()


async def _answer_html(_request: web.Request, _output: Output) -> web.StreamResponse:
    page = "<!DOCTYPE html><html><body><h1>Just a moment...</h1></body></html>\n"
    return web.Response(text=page, content_type="text/html")


async def _answer_redirect(_request: web.Request, output: Output) -> web.StreamResponse:
    return web.Response(status=302, headers={"Location": output.scenario.output_redirect_to})


async def _answer_corrupt(_request: web.Request, output: Output) -> web.StreamResponse:
    whole = await asyncio.to_thread(Path.read_bytes, output.path)
    return web.Response(body=whole[: len(whole) // 2], content_type=output.content_type)


async def _answer_too_large(request: web.Request, output: Output) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": output.content_type})
    response.content_length = output.scenario.output_bytes
    return await _pour(request, response, output.scenario.output_bytes)


async def _answer_endless(request: web.Request, output: Output) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": output.content_type})
    response.enable_chunked_encoding()
    return await _pour(request, response, output.scenario.output_bytes)


async def _answer_slowly(request: web.Request, output: Output) -> web.StreamResponse:
    whole, clock = await asyncio.to_thread(Path.read_bytes, output.path), request.app[PARTS].clock
    response = web.StreamResponse(headers={"Content-Type": output.content_type})
    response.content_length = len(whole)
    piece = max(1, len(whole) // SLOW_PIECES)
    try:
        await response.prepare(request)
        for start in range(0, len(whole) if request.method == "GET" else 0, piece):
            await clock.sleep(output.scenario.output_slow_s / SLOW_PIECES)
            await response.write(whole[start : start + piece])
    except ConnectionError:
        return response  # the client has waited long enough
    return response


async def _pour(request: web.Request, response: web.StreamResponse, size: int) -> web.StreamResponse:
    try:
        await response.prepare(request)
        if request.method == "HEAD":
            return response
        for start in range(0, size, len(CHUNK)):
            await response.write(CHUNK[: size - start])
    except ConnectionError:
        return response  # the client has seen enough, which is the point
    return response


_FAULTS: dict[str, Callable[[web.Request, Output], Awaitable[web.StreamResponse]]] = {
    "gone": _answer_gone,
    "html": _answer_html,
    "redirect": _answer_redirect,
    "corrupt": _answer_corrupt,
    "too_large": _answer_too_large,
    "endless": _answer_endless,
    "slow": _answer_slowly,
}
