"""Event streams of predictions: no token, as the npm client sends none.

https://replicate.com/docs/topics/predictions/streaming
"""

from aiohttp import web

from mock_server.replicate.api.refusals import refusal
from mock_server.replicate.parts import PARTS
from mock_server.replicate.problems import not_found
from mock_server.replicate.streams import FILE_PREFIX, TEXT_PREFIX

SILENCE_S = 15.0
"""After this long without an event a comment keeps the connection."""
HEADERS = {
    "Content-Type": "text/event-stream; charset=utf-8",
    "Cache-Control": "no-store",
    "Access-Control-Allow-Origin": "*",
}
NAME = "{name:[a-z2-7]{52}}"

routes = web.RouteTableDef()


@routes.get(TEXT_PREFIX + NAME, allow_head=False)
@routes.get(FILE_PREFIX + NAME, allow_head=False)
async def get_stream(request: web.Request) -> web.StreamResponse:
    """Every event so far, then each as it comes; `Last-Event-ID` skips those that were read."""
    prediction = request.app[PARTS].engine.streamed_at(request.path)
    if prediction is None:
        raise not_found()
    dropped, refused_with = prediction.order.scenario.stream_dropped, prediction.order.scenario.stream_status
    if refused_with is not None:
        raise refusal(refused_with, prediction.order.scenario)
    response = web.StreamResponse(headers=HEADERS)
    try:
        await response.prepare(request)
        await response.write(b": hi\n\n")
        async for event in prediction.stream.follow(request.headers.get("Last-Event-ID"), SILENCE_S):
            await response.write(b": still here\n\n" if event is None else event.encode())
            if dropped and event is not None and request.transport is not None:
                request.transport.abort()
                return response
    except ConnectionError:
        return response  # the reader went away
    return response
