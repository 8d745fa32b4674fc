"""Links to the bytes of an upload, signed for a time.

The rule: https://replicate.com/docs/reference/http#files.download
"""

import base64
import hashlib
import hmac
from urllib.parse import urlencode

from mock_server.replicate.account import USERNAME


def file_link(secret: str, origin: str, file_id: str, expiry: int) -> str:
    """A URL that leads to the bytes until `expiry`, seconds since 1970."""
    query = urlencode({"expiry": expiry, "owner": USERNAME, "signature": _signature(secret, file_id, str(expiry))})
    return f"{origin}/v1/files/{file_id}/download?{query}"


def is_signed(secret: str, file_id: str, expiry: str, signature: str, now: float) -> bool:
    """Whether the link was signed for this file and has not expired."""
    right = hmac.compare_digest(signature.encode(errors="replace"), _signature(secret, file_id, expiry).encode())
    return right and expiry.isdecimal() and len(expiry) < 16 and now < int(expiry)


def _signature(secret: str, file_id: str, expiry: str) -> str:
    signed = f"{USERNAME} {file_id} {expiry}".encode(errors="replace")
    return base64.b64encode(hmac.new(secret.encode(), signed, hashlib.sha256).digest()).decode()
