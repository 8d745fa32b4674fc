"""Files over HTTP: upload, list, get, delete, signed download.

The documented surface: https://replicate.com/docs/reference/http#files.list
"""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

from aiohttp import BodyPartReader, web

from mock_server.replicate.account import USERNAME
from mock_server.replicate.api.pages import page_response
from mock_server.replicate.file_links import is_signed
from mock_server.replicate.files import LONGEST_NAME_BYTES, NO_FILE, FileStore, UploadedFile, parse_metadata
from mock_server.replicate.parts import PARTS, origin_of
from mock_server.replicate.problems import bad_request, not_found

UPLOAD_CHUNK_BYTES = 256 * 1024
LONGEST_FIELD_BYTES = 64 * 1024

routes = web.RouteTableDef()


@routes.post("/v1/files")
async def upload_file(request: web.Request) -> web.Response:
    """Keeps the multipart part `content`."""
    if not request.content_type.startswith("multipart/"):
        raise bad_request("Files are uploaded as multipart/form-data.")
    files = request.app[PARTS].files
    file, fields = await _read_form(request, files)
    if file is None:
        raise bad_request("The part content is missing.")
    try:
        file = replace(file, **_changes(file, fields))
    except ValueError as error:
        await files.discard(file)
        raise bad_request(str(error)) from None
    await files.add(file)
    return web.json_response(file.shown(origin_of(request)), status=201)


@routes.get("/v1/files")
async def list_files(request: web.Request) -> web.Response:
    """All uploads, newest first."""
    rows, origin = request.app[PARTS].files.newest_first(), origin_of(request)
    return page_response(request, rows, lambda file: file.created_at, lambda file: file.shown(origin))


@routes.get("/v1/files/{id}")
async def get_file(request: web.Request) -> web.Response:
    """The JSON of an upload, not its bytes."""
    file = request.app[PARTS].files.get(request.match_info["id"])
    return web.json_response(file.shown(origin_of(request)))


@routes.get("/v1/files/{id}/download")
async def download_file(request: web.Request) -> web.StreamResponse:
    """The bytes of an upload, for whoever has a signed link: no token."""
    parts, query = request.app[PARTS], request.query
    file = parts.files.get(request.match_info["id"])
    if query.get("owner") != USERNAME or not is_signed(
        parts.config.files_signing_secret, file.id, query.get("expiry", ""), query.get("signature", ""), parts.clock()
    ):
        raise not_found(NO_FILE)
    return web.FileResponse(file.path, headers={"Content-Type": file.content_type})


@routes.delete("/v1/files/{id}")
async def delete_file(request: web.Request) -> web.Response:
    """Forgets an upload."""
    await request.app[PARTS].files.delete(request.match_info["id"])
    return web.Response(status=204)


def _changes(file: UploadedFile, fields: dict[str, str]) -> dict[str, Any]:
    changes: dict[str, Any] = {"metadata": parse_metadata(fields.get("metadata") or "{}")}
    if "filename" in fields:
        changes["name"] = fields["filename"]
    if "type" in fields:
        changes["content_type"] = fields["type"]
    if len(changes.get("name", file.name).encode(errors="replace")) > LONGEST_NAME_BYTES:
        raise ValueError(f"The filename has more than {LONGEST_NAME_BYTES} bytes.")
    return changes


async def _read_form(request: web.Request, files: FileStore) -> tuple[UploadedFile | None, dict[str, str]]:
    file: UploadedFile | None = None
    fields: dict[str, str] = {}
    complete = False
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
        complete = True
    except ValueError:
        raise bad_request("The multipart body cannot be read.") from None
    finally:
        if file is not None and not complete:
            await files.discard(file)
    return file, fields


async def _chunks(part: BodyPartReader) -> AsyncIterator[bytes]:
    while chunk := await part.read_chunk(UPLOAD_CHUNK_BYTES):
        yield chunk
