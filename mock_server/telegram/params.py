"""Parameters of a Bot API call in every form Telegram takes.

Query string, application/json, application/x-www-form-urlencoded and multipart/form-data,
https://core.telegram.org/bots/api#making-requests. The same forms may come back as the answer of a webhook.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from aiohttp import BodyPartReader, MultipartReader, StreamReader, hdrs

from mock_server.telegram.errors import bad_request
from mock_server.telegram.limits import MAX_DOCUMENT_BYTES, request_too_large

MAX_PLAIN_BODY_BYTES = 1024 * 1024
MAX_UPLOAD_TOTAL_BYTES = 2 * MAX_DOCUMENT_BYTES
_TRUE = frozenset({"true", "yes", "1"})


@dataclass(frozen=True)
class UploadedFile:
    """A file that came with a call."""

    name: str
    data: bytes


@dataclass(frozen=True)
class CallParams:
    """The parameters of one call; values are strings or, in JSON bodies, JSON."""

    values: Mapping[str, Any] = field(default_factory=dict)
    files: Mapping[str, UploadedFile] = field(default_factory=dict)

    def has(self, name: str) -> bool:
        """Tell whether the caller gave this parameter."""
        return name in self.values

    def string(self, name: str) -> str:
        """Give a text; empty when not given."""
        value = self.values.get(name)
        if value is None:
            return ""
        return value if isinstance(value, str) else json.dumps(value)

    def integer(self, name: str, default: int = 0) -> int:
        """Give a whole number; `default` when it is not given or not a number, as Telegram does."""
        try:
            return int(self.values.get(name, default))
        except (TypeError, ValueError):
            return default

    def boolean(self, name: str) -> bool:
        """Give a flag; everything that Telegram does not take for true is false."""
        return self.string(name).strip().lower() in _TRUE

    def document(self, name: str) -> Any:
        """Give a JSON value, decoded when it came as text; None when not given or empty."""
        value = self.values.get(name)
        if not isinstance(value, str):
            return value
        if not value:
            return None
        try:
            return json.loads(value)
        except ValueError as error:
            raise bad_request(f"can't parse {name.replace('_', ' ')} JSON object") from error

    def list_of_strings(self, name: str) -> list[str] | None:
        """Give a JSON list of texts; None when not given.

        Raises: BotApiError 400 when it is something else.
        """
        value = self.document(name)
        if value is None:
            return None
        if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
            raise bad_request(f"can't parse {name.replace('_', ' ')} JSON object")
        return value


async def read_params(query: Mapping[str, str], headers: Mapping[str, str], body: StreamReader) -> CallParams:
    """Read the parameters of a call from its query string and its body.

    Raises: BotApiError 413 above the size limits, 400 for a body that is not what its type says.
    """
    content_type = headers.get(hdrs.CONTENT_TYPE, "").partition(";")[0].strip().lower()
    if content_type == "multipart/form-data":
        return await _read_multipart(query, headers, body)
    raw = await _read_bounded(body)
    if not raw:
        return CallParams(dict(query))
    if content_type == "application/json":
        return CallParams({**query, **_parse_json(raw)})
    try:
        return CallParams({**query, **dict(parse_qsl(raw.decode(), keep_blank_values=True))})
    except UnicodeDecodeError as error:
        raise bad_request("strings must be encoded in UTF-8") from error


def _parse_json(raw: bytes) -> dict[str, Any]:
    try:
        body = json.loads(raw)
    except ValueError as error:
        raise bad_request("can't parse request body as JSON object") from error
    if not isinstance(body, dict):
        raise bad_request("can't parse request body as JSON object")
    return body


async def _read_bounded(body: StreamReader) -> bytes:
    raw = bytearray()
    async for chunk in body.iter_any():
        raw += chunk
        if len(raw) > MAX_PLAIN_BODY_BYTES:
            raise request_too_large()
    return bytes(raw)


async def _read_multipart(query: Mapping[str, str], headers: Mapping[str, str], body: StreamReader) -> CallParams:
    values: dict[str, Any] = dict(query)
    files: dict[str, UploadedFile] = {}
    left = MAX_UPLOAD_TOTAL_BYTES
    try:
        async for part in MultipartReader(headers, body):
            if not isinstance(part, BodyPartReader) or part.name is None:
                raise bad_request("can't parse multipart form data")
            data = await _read_part(part, min(left, MAX_DOCUMENT_BYTES))
            left -= len(data)
            if part.filename is not None:
                files[part.name] = UploadedFile(part.filename, data)
            else:
                values[part.name] = data.decode("utf-8", "replace")
    except ValueError as error:
        raise bad_request("can't parse multipart form data") from error
    return CallParams(values, files)


async def _read_part(part: BodyPartReader, limit: int) -> bytes:
    data = bytearray()
    while chunk := await part.read_chunk(256 * 1024):
        data += chunk
        if len(data) > limit:
            raise request_too_large()
    return bytes(data)
