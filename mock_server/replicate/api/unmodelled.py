"""What Replicate documents and the mock does not imitate: answered 501, with a sentence."""

from typing import Any

from aiohttp import web

from mock_server.replicate.problems import not_modelled

NOT_MODELLED = (
    ("POST", "/v1/models", "the making of models"),
    ("PATCH", "/v1/models/{owner}/{name}", "the changing of models"),
    ("DELETE", "/v1/models/{owner}/{name}", "the deletion of models"),
    ("DELETE", "/v1/models/{owner}/{name}/versions/{version}", "the deletion of versions"),
    ("POST", "/v1/models/{owner}/{name}/versions/{version}/trainings", "the training of models"),
)


def add_unmodelled(app: web.Application) -> None:
    """Adds a route for each."""
    for method, path, what in NOT_MODELLED:
        app.router.add_route(method, path, _answer_501(what))


def _answer_501(what: str) -> Any:
    async def refuse(_request: web.Request) -> web.Response:
        raise not_modelled(what)

    return refuse
