"""Trainings: nothing is ever trained here, so the list is empty and each one is not found."""

from aiohttp import web

from mock_server.replicate.problems import not_found

routes = web.RouteTableDef()


@routes.get("/v1/trainings")
async def list_trainings(_request: web.Request) -> web.Response:
    """An empty page."""
    return web.json_response({"next": None, "previous": None, "results": []})


@routes.get("/v1/trainings/{id}")
@routes.post("/v1/trainings/{id}/cancel")
async def get_training(_request: web.Request) -> web.Response:
    """Not found."""
    raise not_found()
