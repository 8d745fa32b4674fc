"""`/_mock/…` over HTTP: the table's routes, its OpenAPI document, and faults as one JSON sentence."""

import json
from collections.abc import Awaitable, Callable

from aiohttp import web

from mock_server.replicate.control_api.openapi import control_document
from mock_server.replicate.control_api.operations import OPERATIONS
from mock_server.replicate.parts import origin_of
from mock_server.replicate.problems import Problem

PREFIX = "/_mock/"
DOCUMENT_PATH = PREFIX + "openapi.json"


async def get_document(request: web.Request) -> web.Response:
    """The OpenAPI document of this surface."""
    return web.json_response(control_document(origin_of(request)))


routes = [web.route(operation.method, operation.path, operation.handler) for operation in OPERATIONS]
routes.append(web.get(DOCUMENT_PATH, get_document))


@web.middleware
async def answer_control_call(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """Errors of the control surface as one JSON sentence."""
    if not request.path.startswith(PREFIX):
        return await handler(request)
    try:
        return await handler(request)
    except Problem as problem:
        return problem.response()
    except ValueError as error:
        body = json.dumps({"error": str(error)})
        return web.Response(status=400, text=body, content_type="application/json")
