"""The journals and switches of the other emulated parties, for the page: same origin, so no CORS."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from aiohttp import web

from mock_server.telegram.errors import BotApiError
from mock_server.telegram.neighbour import Neighbour
from mock_server.telegram.params import read_params

_NEIGHBOURS = web.AppKey("neighbours", dict[str, Neighbour])
_RECORDS_SHOWN = 400


def add_neighbour_routes(app: web.Application, neighbours: Sequence[Neighbour]) -> None:
    """Serve `/control/neighbours/...`."""
    app[_NEIGHBOURS] = {neighbour.name: neighbour for neighbour in neighbours}
    one = "/control/neighbours/{name}"
    app.router.add_get("/control/neighbours", _list)
    app.router.add_get(one + "/journal", _journal)
    app.router.add_put(one + "/scenario", _choose)
    app.router.add_post(one + "/release", _release)


async def _list(request: web.Request) -> web.Response:
    return web.json_response([_view(neighbour) for neighbour in request.app[_NEIGHBOURS].values()])


async def _journal(request: web.Request) -> web.Response:
    neighbour = _asked(request)
    return web.json_response([asdict(record) for record in neighbour.records()[-_RECORDS_SHOWN:]])


async def _choose(request: web.Request) -> web.Response:
    neighbour = _asked(request)
    try:
        params = await read_params(request.query, request.headers, request.content)
        neighbour.choose(params.string("scenario"))
    except BotApiError as error:
        return web.json_response({"error": error.description}, status=error.code)
    except LookupError:
        known = ", ".join(neighbour.scenarios())
        return web.json_response({"error": f"scenario is one of {known}"}, status=422)
    return web.json_response(_view(neighbour))


async def _release(request: web.Request) -> web.Response:
    return web.json_response({"released": _asked(request).release()})


def _asked(request: web.Request) -> Neighbour:
    neighbour = request.app[_NEIGHBOURS].get(request.match_info["name"])
    if neighbour is None:
        raise web.HTTPNotFound(text='{"error": "no such neighbour"}', content_type="application/json")
    return neighbour


def _view(neighbour: Neighbour) -> dict[str, Any]:
    scenarios = [{"id": key, "label": label} for key, label in neighbour.scenarios().items()]
    return {"name": neighbour.name, "scenario": neighbour.scenario(), "scenarios": scenarios}
