"""Models over HTTP: list, search, get, versions, readme, examples.

The documented surface: https://replicate.com/docs/reference/http#models.list
"""

from typing import Any

from aiohttp import web

from mock_server.replicate.api.pages import page_response
from mock_server.replicate.models.catalogue import KNOWN_MODELS
from mock_server.replicate.models.model_json import model_json, version_json
from mock_server.replicate.models.readme import readme_of
from mock_server.replicate.models.search import LONGEST_QUERY, matching_models
from mock_server.replicate.models.spec import ModelSpec
from mock_server.replicate.parts import PARTS, origin_of
from mock_server.replicate.problems import invalid_field, not_found

SORT_KEYS = ("latest_version_created_at", "model_created_at")
SORT_DIRECTIONS = ("desc", "asc")

routes = web.RouteTableDef()


@routes.get("/v1/models")
async def list_models(request: web.Request) -> web.Response:
    """The models the mock knows, newest version first unless asked otherwise."""
    query = request.query
    for name, known in (("sort_by", SORT_KEYS), ("sort_direction", SORT_DIRECTIONS)):
        if query.get(name, known[0]) not in known:
            raise invalid_field(name, f"{name} must be one of the following: {', '.join(known)}", "enum")
    sign = -1 if query.get("sort_direction") == "asc" else 1
    rows = sorted(KNOWN_MODELS, key=lambda model: -sign * model.released_at)
    # Pages are cut by a moment that falls from row to row; for the other direction the years run backwards.
    return page_response(request, rows, lambda model: _moment(model, sign), lambda model: shown_model(request, model))


@routes.route("QUERY", "/v1/models")
async def search_models(request: web.Request) -> web.Response:
    """The known models that the text in the body fits. The npm client sends it in quotes."""
    text = (await request.content.read(LONGEST_QUERY)).decode(errors="replace")
    found = [shown_model(request, model) for model, _ in matching_models(text)]
    return web.json_response({"next": None, "previous": None, "results": found})


@routes.get("/v1/models/{owner}/{name}")
async def get_model(request: web.Request) -> web.Response:
    """A model with its latest version."""
    return web.json_response(shown_model(request, _model(request)))


@routes.get("/v1/models/{owner}/{name}/versions")
async def list_versions(request: web.Request) -> web.Response:
    """The one version of a model, as a page."""
    return page_response(request, [_model(request)], lambda model: model.released_at, version_json)


@routes.get("/v1/models/{owner}/{name}/versions/{version}")
async def get_version(request: web.Request) -> web.Response:
    """A version with its schema."""
    found = request.match_info
    model = request.app[PARTS].models.version(found["owner"], found["name"], found["version"])
    return web.json_response(version_json(model))


@routes.get("/v1/models/{owner}/{name}/readme")
async def get_readme(request: web.Request) -> web.Response:
    """What the mock makes of the model, in Markdown."""
    text = readme_of(_model(request))
    if text is None:
        raise not_found("README not found")
    return web.Response(text=text)


@routes.get("/v1/models/{owner}/{name}/examples")
async def list_examples(request: web.Request) -> web.Response:
    """An empty page: nobody saved an example."""
    _model(request)
    return web.json_response({"next": None, "previous": None, "results": []})


def shown_model(request: web.Request, model: ModelSpec) -> dict[str, Any]:
    """The JSON of a model, with the runs it had here."""
    return model_json(model, origin_of(request), request.app[PARTS].engine.run_count(model.full_name))


def _model(request: web.Request) -> ModelSpec:
    return request.app[PARTS].models.get(request.match_info["owner"], request.match_info["name"])


def _moment(model: ModelSpec, sign: int) -> float:
    return model.released_at if sign == 1 else LAST_SECOND - model.released_at


LAST_SECOND = 4_102_444_800.0
