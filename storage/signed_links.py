"""Links to files of our own that anybody may follow until they expire.

The same idea as a presigned S3 URL: an HMAC-SHA256 (https://www.rfc-editor.org/rfc/rfc2104) over everything
that the link allows, so that none of it can be changed. Pure: the time is an argument, answering 403 the route's.
"""

import base64
import hashlib
import hmac
import re
from collections.abc import Mapping
from urllib.parse import quote, urlencode

from storage.errors import StorageError

_PURPOSE = "file link v1"  # a signature made for anything else with the same key is worth nothing here
_EXPIRY = re.compile(r"[0-9]{1,12}")
_NOT_PLAIN = re.compile(r"[^ !#-\[\]-~]")  # quotes, backslashes, control and non-ASCII characters


class LinkRefusedError(StorageError):
    """The link was not signed by us for this, or has expired; which of them is in the text, for the log."""


def sign_link(signing_key: bytes, *, method: str, key: str, expires_at: int, filename: str | None = None) -> str:
    """The path and query that allow `method` on `key` until `expires_at` (Unix seconds).

    `filename` makes the answer an attachment of that name.
    """
    query = {"e": str(expires_at), "s": _signature(signing_key, method, key, str(expires_at), filename)}
    if filename is not None:
        query["n"] = filename
    return f"/files/{quote(key)}?{urlencode(query)}"


def verify_link(signing_key: bytes, *, method: str, key: str, query: Mapping[str, str], now: float) -> str | None:
    """The attachment's file name (None: show inline) of a link that is ours and valid at `now` (Unix seconds).

    `key` and `query` are percent-decoded, as the web framework hands them out.

    Raises:
        LinkRefusedError: forged, changed, incomplete or expired.
    """
    expires_at, filename = query.get("e", ""), query.get("n")
    expected = _signature(signing_key, method, key, expires_at, filename)
    if not hmac.compare_digest(expected.encode(), query.get("s", "").encode("utf-8", "replace")):
        raise LinkRefusedError("the signature of the link does not match")
    if not _EXPIRY.fullmatch(expires_at) or now >= int(expires_at):
        raise LinkRefusedError("the link has expired")
    return filename


def attachment_disposition(filename: str) -> str:
    """The `Content-Disposition` that saves the answer as `filename`: https://www.rfc-editor.org/rfc/rfc6266."""
    name = filename.encode("utf-8", "replace").decode()
    return f"attachment; filename=\"{_NOT_PLAIN.sub('_', name)}\"; filename*=UTF-8''{quote(name, safe='')}"


def _signature(signing_key: bytes, method: str, key: str, expires_at: str, filename: str | None) -> str:
    # Every field is quoted, hence without a line break: no two different links have the same text.
    fields = [_PURPOSE, method, key, expires_at, *([] if filename is None else [filename])]
    text = "\n".join(quote(field, safe="", errors="replace") for field in fields)
    digest = hmac.digest(signing_key, text.encode(), hashlib.sha256)
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
