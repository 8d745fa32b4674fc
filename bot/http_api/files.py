"""GET /files/{key}: objects of the file storage by signed, expiring links; what presigned URLs are to S3."""

import asyncio
import time

from aiohttp import web

from bot import app_keys
from storage.errors import ObjectNotFoundError
from storage.signed_links import LinkRefusedError, attachment_disposition, verify_link

# Whatever a stranger's file claims to be, a browser shall neither guess nor run it.
_HEADERS = {"X-Content-Type-Options": "nosniff", "Content-Security-Policy": "default-src 'none'; sandbox"}
_CHUNK_BYTES = 256 * 1024


async def send_file(request: web.Request) -> web.StreamResponse:
    """The object; 403 for a link that is forged or expired, 404 for an object that is gone."""
    links, key = request.app[app_keys.FILE_LINKS], request.match_info["key"]
    try:
        filename = verify_link(links.signing_key, method="GET", key=key, query=request.query, now=time.time())
        found = await links.resolve(key)
    except LinkRefusedError as error:
        request.app[app_keys.REFUSED_REQUESTS].note("file_link", request.remote)
        raise web.HTTPForbidden from error
    except ObjectNotFoundError as error:
        raise web.HTTPNotFound from error
    headers = {**_HEADERS, "Content-Type": found.content_type}
    if filename is not None:
        headers["Content-Disposition"] = attachment_disposition(filename)
    if found.offset == 0:
        return web.FileResponse(found.path, chunk_size=_CHUNK_BYTES, headers=headers)
    # The few objects whose file begins with a header of ours are small.
    body = await asyncio.to_thread(lambda: found.path.read_bytes()[found.offset :])
    return web.Response(body=body, headers=headers)


def add_routes(app: web.Application) -> None:
    """Mount it; only with file storage."""
    app.router.add_get("/files/{key:.+}", send_file)
