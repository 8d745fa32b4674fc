"""The rest of the documented surface that is modelled: account, models, versions, webhook secret, files."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

from aiohttp import BodyPartReader, web

from mock_server.replicate.files import FileStore, UploadedFile, parse_metadata
from mock_server.replicate.models import model_json, version_json
from mock_server.replicate.parts import PARTS, origin_of
from mock_server.replicate.problems import bad_request, not_modelled

UPLOAD_CHUNK_BYTES = 256 * 1024
LONGEST_FIELD_BYTES = 64 * 1024
NOT_MODELLED = (
    ("GET", "/v1/collections", "collections"),
    ("GET", "/v1/collections/{slug}", "collections"),
    ("GET", "/v1/hardware", "the list of hardware"),
    ("GET", "/v1/search", "search"),
    ("GET", "/v1/models", "the list of models"),
    ("POST", "/v1/models", "the making of models"),
    ("QUERY", "/v1/models", "the search for models"),
    ("PATCH", "/v1/models/{owner}/{name}", "the changing of models"),
    ("DELETE", "/v1/models/{owner}/{name}", "the deletion of models"),
    ("GET", "/v1/models/{owner}/{name}/examples", "examples of models"),
    ("GET", "/v1/models/{owner}/{name}/readme", "readmes of models"),
    ("DELETE", "/v1/models/{owner}/{name}/versions/{version}", "the deletion of versions"),
    ("POST", "/v1/models/{owner}/{name}/versions/{version}/trainings", "trainings"),
    ("GET", "/v1/deployments", "the list of deployments"),
    ("POST", "/v1/deployments", "the making of deployments"),
    ("GET", "/v1/deployments/{owner}/{name}", "the reading of deployments"),
    ("PATCH", "/v1/deployments/{owner}/{name}", "the changing of deployments"),
    ("DELETE", "/v1/deployments/{owner}/{name}", "the deletion of deployments"),
    ("GET", "/v1/files/{id}/download", "signed downloads of uploaded files"),
    ("GET", "/v1/trainings", "trainings"),
    ("GET", "/v1/trainings/{id}", "trainings"),
    ("POST", "/v1/trainings/{id}/cancel", "trainings"),
)

routes = web.RouteTableDef()


@routes.get("/v1/account")
async def get_account(_request: web.Request) -> web.Response:
    """The account every token belongs to."""
    account = {"type": "user", "username": "mock", "name": "Mock Account", "github_url": None}
    return web.json_response(account)


@routes.get("/v1/webhooks/default/secret")
async def get_webhook_secret(request: web.Request) -> web.Response:
    """The key that signs webhooks."""
    return web.json_response({"key": request.app[PARTS].config.webhook_secret})


@routes.get("/v1/models/{owner}/{name}")
async def get_model(request: web.Request) -> web.Response:
    """A model with its latest version."""
    model = request.app[PARTS].models.get(request.match_info["owner"], request.match_info["name"])
    return web.json_response(model_json(model, origin_of(request)))


@routes.get("/v1/models/{owner}/{name}/versions")
async def list_versions(request: web.Request) -> web.Response:
    """The one version of a model, as a page."""
    model = request.app[PARTS].models.get(request.match_info["owner"], request.match_info["name"])
    return web.json_response({"next": None, "previous": None, "results": [version_json(model)]})


@routes.get("/v1/models/{owner}/{name}/versions/{version}")
async def get_version(request: web.Request) -> web.Response:
    """A version with its schema."""
    found = request.match_info
    model = request.app[PARTS].models.version(found["owner"], found["name"], found["version"])
    return web.json_response(version_json(model))


@routes.post("/v1/files")
async def upload_file(request: web.Request) -> web.Response:
    """Keeps the multipart part `content`."""
    if not request.content_type.startswith("multipart/"):
        raise bad_request("Files are uploaded as multipart/form-data.")
    files = request.app[PARTS].files
    file, fields = await _read_form(request, files)
    if file is None:
        raise bad_request("The part content is missing.")
    changes: dict[str, Any] = {}
    if "filename" in fields:
        changes["name"] = fields["filename"]
    if "type" in fields:
        changes["content_type"] = fields["type"]
    try:
        changes["metadata"] = parse_metadata(fields.get("metadata") or "{}")
    except ValueError:
        await files.discard(file)
        raise bad_request("The part metadata is no JSON object.") from None
    file = replace(file, **changes)
    await files.add(file)
    return web.json_response(file.shown(origin_of(request)), status=201)


@routes.get("/v1/files")
async def list_files(request: web.Request) -> web.Response:
    """All uploads, newest first, on one page."""
    shown = [file.shown(origin_of(request)) for file in request.app[PARTS].files.newest_first()]
    return web.json_response({"next": None, "previous": None, "results": shown})


@routes.get("/v1/files/{id}")
async def get_file(request: web.Request) -> web.Response:
    """The JSON of an upload, not its bytes."""
    file = request.app[PARTS].files.get(request.match_info["id"])
    return web.json_response(file.shown(origin_of(request)))


@routes.delete("/v1/files/{id}")
async def delete_file(request: web.Request) -> web.Response:
    """Forgets an upload."""
    await request.app[PARTS].files.delete(request.match_info["id"])
    return web.Response(status=204)


def add_unmodelled(app: web.Application) -> None:
    """Answers 501 where Replicate documents something that is absent here."""
    for method, path, what in NOT_MODELLED:
        app.router.add_route(method, path, _answer_501(what))


def _answer_501(what: str) -> Any:
    async def refuse(_request: web.Request) -> web.Response:
        raise not_modelled(what)

    return refuse


async def _read_form(request: web.Request, files: FileStore) -> tuple[UploadedFile | None, dict[str, str]]:
    file: UploadedFile | None = None
    fields: dict[str, str] = {}
    try:
        async for part in await request.multipart():
            if not isinstance(part, BodyPartReader):
                raise bad_request("Nested multipart bodies are not understood.")
            if part.name == "content" and file is None:
                file = await files.receive(
                    _chunks(part), name=part.filename or "file", content_type=part.headers.get("Content-Type")
                )
            elif part.name in ("metadata", "filename", "type"):
                fields[part.name] = (await part.read_chunk(LONGEST_FIELD_BYTES)).decode(errors="replace")
    except ValueError:
        raise bad_request("The multipart body cannot be read.") from None
    return file, fields


async def _chunks(part: BodyPartReader) -> AsyncIterator[bytes]:
    while chunk := await part.read_chunk(UPLOAD_CHUNK_BYTES):
        yield chunk
