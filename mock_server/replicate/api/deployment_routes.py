"""Deployments over HTTP.

The documented surface: https://replicate.com/docs/reference/http#deployments.list
"""

from aiohttp import web

from mock_server.replicate.api.bodies import read_object
from mock_server.replicate.api.pages import page_response
from mock_server.replicate.deployments import Deployment
from mock_server.replicate.parts import PARTS

routes = web.RouteTableDef()


@routes.get("/v1/deployments")
async def list_deployments(request: web.Request) -> web.Response:
    """Those that were created, newest release first."""
    rows = request.app[PARTS].deployments.newest_first()
    return page_response(request, rows, lambda one: one.created_at, Deployment.shown)


@routes.post("/v1/deployments")
async def create_deployment(request: web.Request) -> web.Response:
    """Creates one of the token's account."""
    made = request.app[PARTS].deployments.create(await read_object(request))
    return web.json_response(made.shown())


@routes.get("/v1/deployments/{owner}/{name}")
async def get_deployment(request: web.Request) -> web.Response:
    """One with its current release."""
    return web.json_response(request.app[PARTS].deployments.get(*_name(request)).shown())


@routes.patch("/v1/deployments/{owner}/{name}")
async def change_deployment(request: web.Request) -> web.Response:
    """A new release with the named fields changed."""
    changed = request.app[PARTS].deployments.change(*_name(request), await read_object(request))
    return web.json_response(changed.shown())


@routes.delete("/v1/deployments/{owner}/{name}")
async def delete_deployment(request: web.Request) -> web.Response:
    """Forgets one; the real one must have been idle for a quarter of an hour."""
    request.app[PARTS].deployments.delete(*_name(request))
    return web.Response(status=204)


def _name(request: web.Request) -> tuple[str, str]:
    return request.match_info["owner"], request.match_info["name"]
