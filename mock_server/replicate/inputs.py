"""How a model gets its pictures: over HTTP, out of a data URI, or from the files uploaded to the mock itself."""

import asyncio
import base64
import binascii
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote_to_bytes

import aiohttp
from yarl import URL

from mock_server.replicate.files import FileStore
from mock_server.replicate.models.input_validation import is_uri
from mock_server.replicate.models.spec import ModelSpec
from mock_server.replicate.outputs import HTTPS_ORIGIN, OutputStore

CHUNK_BYTES = 256 * 1024
MOST_REDIRECTS = 5
MOST_PICTURES = 15
LONGEST_PROMPT = 2_000
FILE_PATH = re.compile(r"/v1/files/([0-9a-z]{20,64})")


class InputError(Exception):
    """An input that cannot be had; the text is what the prediction reports."""


class InputReader:
    """Fetches input pictures: bounded in time and size."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        files: FileStore,
        outputs: OutputStore,
        *,
        max_bytes: int,
        timeout_s: float,
    ) -> None:
        """`timeout_s` covers one picture, redirects included."""
        self._session = session
        self._files = files
        self._outputs = outputs
        self._max_bytes = max_bytes
        self._timeout = aiohttp.ClientTimeout(total=timeout_s)

    async def read(self, uri: str) -> bytes:
        """The bytes behind an input URI.

        Raises:
            InputError: unreachable, refused, too slow or too large.
        """
        if uri.startswith("data:"):
            return await asyncio.to_thread(_decode_data_uri, uri, self._max_bytes)
        try:
            url = URL(uri, encoded=True)
            host, port = url.raw_host, url.port
        except ValueError:
            raise InputError("Failed to download input: no valid URL") from None
        # Neither user info nor the query: both may be secrets.
        place = f"{url.scheme}://{host}:{port}{url.path}"
        if (path := self._own_path(url, uri)) is not None:
            return await asyncio.to_thread(self._read_file, path)
        return await self._download(url, place)

    def _own_path(self, url: URL, uri: str) -> Path | None:
        """The file, when the URL is that of an upload, or of an output that only looks like Replicate's."""
        own_file = FILE_PATH.fullmatch(url.path)
        if own_file:
            return self._files.path_of(own_file[1])
        output = self._outputs.find(url.path) if uri.startswith(HTTPS_ORIGIN) else None
        return None if output is None else output.path

    async def _download(self, url: URL, place: str) -> bytes:
        try:
            async with self._session.get(url, timeout=self._timeout, max_redirects=MOST_REDIRECTS) as answer:
                if answer.status != 200:
                    raise InputError(f"HTTP Error {answer.status}: {answer.reason} for url: {place}")
                return await self._bounded_body(answer)
        except TimeoutError:
            raise InputError(f"Read timed out for url: {place}") from None
        except (aiohttp.ClientError, ValueError) as error:
            raise InputError(f"Failed to establish a connection ({type(error).__name__}): {place}") from None

    async def _bounded_body(self, answer: aiohttp.ClientResponse) -> bytes:
        body = bytearray()
        async for chunk in answer.content.iter_chunked(CHUNK_BYTES):
            body += chunk
            if len(body) > self._max_bytes:
                raise InputError(f"Input file is larger than {self._max_bytes} bytes")
        return bytes(body)

    def _read_file(self, path: Path) -> bytes:
        try:
            if path.stat().st_size > self._max_bytes:
                raise InputError(f"Input file is larger than {self._max_bytes} bytes")
            return path.read_bytes()
        except FileNotFoundError:
            raise InputError("Input file has expired") from None


def picture_uris(model: ModelSpec, model_input: Mapping[str, Any]) -> list[str]:
    """The URIs of an input's pictures: by schema for a known model, else every value that looks like one."""
    names = model.picture_inputs if model.known else tuple(model_input)
    found: list[str] = []
    for name in names:
        value = model_input.get(name)
        values = value if isinstance(value, list) else [value]
        found += [item for item in values if isinstance(item, str) and is_uri(item)]
    return found[:MOST_PICTURES]


def prompt_of(model_input: Mapping[str, Any]) -> str:
    """The text a model is told, if any."""
    values = (model_input.get(name) for name in ("prompt", "garment_des", "text"))
    return next((value[:LONGEST_PROMPT] for value in values if isinstance(value, str) and value), "")


def _decode_data_uri(uri: str, max_bytes: int) -> bytes:
    header, comma, body = uri.partition(",")
    if not comma:
        raise InputError("Failed to read input: malformed data URI")
    if len(body) > max_bytes * 4 // 3 + 4:
        raise InputError(f"Input file is larger than {max_bytes} bytes")
    try:
        return base64.b64decode(body, validate=True) if header.endswith(";base64") else unquote_to_bytes(body)
    except (binascii.Error, ValueError):
        raise InputError("Failed to read input: malformed data URI") from None
