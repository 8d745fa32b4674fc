"""Collections, and the search over everything."""

from typing import Any

from aiohttp import web

from mock_server.replicate.api.model_routes import shown_model
from mock_server.replicate.models.collections import COLLECTIONS, Collection
from mock_server.replicate.models.readme import WHAT_IT_DOES
from mock_server.replicate.models.search import matching_collections, matching_models
from mock_server.replicate.models.spec import ModelSpec
from mock_server.replicate.problems import Problem, invalid_field, not_found

USUAL_LIMIT = 20
MOST = 50

routes = web.RouteTableDef()


@routes.get("/v1/collections")
async def list_collections(_request: web.Request) -> web.Response:
    """Those that hold a model the mock knows, on one page."""
    return web.json_response({"next": None, "previous": None, "results": [_listed(one) for one in COLLECTIONS]})


@routes.get("/v1/collections/{slug}")
async def get_collection(request: web.Request) -> web.Response:
    """A collection with its models."""
    slug = request.match_info["slug"]
    found = next((one for one in COLLECTIONS if one.slug == slug), None)
    if found is None:
        raise not_found()
    models = [shown_model(request, model) for model in found.models]
    return web.json_response({**_listed(found), "full_description": None, "models": models})


@routes.get("/v1/search")
async def search(request: web.Request) -> web.Response:
    """Models and collections that any word fits; there are no pages of documentation here."""
    query = request.query.get("query", "")
    if not query:
        raise Problem(400, {"detail": 'Query parameter "query" is required'})
    limit = request.query.get("limit", str(USUAL_LIMIT))
    if not limit.isdecimal() or not 1 <= int(limit[:3]) <= MOST:
        raise invalid_field("limit", f"Must be a whole number from 1 to {MOST}", "number_lte")
    models = matching_models(query)[: int(limit)]
    found = {
        "query": query,
        "models": [_found(request, model, score) for model, score in models],
        "collections": [
            {**_listed(one), "models": [model.full_name for model in one.models]} for one in matching_collections(query)
        ],
        "pages": [],
    }
    return web.json_response(found)


def _listed(collection: Collection) -> dict[str, Any]:
    return {"name": collection.name, "slug": collection.slug, "description": collection.description}


def _found(request: web.Request, model: ModelSpec, score: float) -> dict[str, Any]:
    metadata = {"generated_description": WHAT_IT_DOES[model.family], "tags": list(model.tags), "score": score}
    return {"model": shown_model(request, model), "metadata": metadata}
