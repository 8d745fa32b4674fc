"""Reads what S3 answers: refusals, listings, the outcome of a bulk deletion. Bounded, whatever the server sends.

https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html
"""

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import unquote
from xml.etree import ElementTree as ET

import aiohttp
from botocore.exceptions import ClientError

from storage.errors import StorageUnavailableError
from storage.objects import ObjectInfo

_MAX_REFUSAL_BYTES = 64 * 1024
_CODE = re.compile(rb"<Code>([A-Za-z0-9.]{1,100})</Code>")
_TEXT_OF_NO_S3 = "does the endpoint speak S3?"


class AnswerTooLargeError(Exception):
    """The body has more bytes than the reader takes; the connection is given up."""


async def read_bounded(answer: aiohttp.ClientResponse, max_bytes: int) -> bytes:
    """The whole body.

    Raises:
        AnswerTooLargeError: it has more than `max_bytes` bytes; no more was read, and the answer is closed.
    """
    length = 0 if answer.method == "HEAD" else answer.content_length
    if length is not None and length <= max_bytes:
        return await answer.read()  # the parser lets no more than that through
    chunks, size = [], length or 0
    while size <= max_bytes and (chunk := await answer.content.read(max_bytes + 1 - size)):
        chunks.append(chunk)
        size += len(chunk)
    if size > max_bytes:
        answer.close()
        raise AnswerTooLargeError
    return b"".join(chunks)


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a listing; `next_page` leads to the following one. `folders` are whole prefixes."""

    rows: tuple[ObjectInfo, ...]
    folders: tuple[str, ...]
    next_page: str | None


async def failure_of(answer: aiohttp.ClientResponse, method: str) -> ClientError:
    """The refusal that an answer is, as botocore words it; the answer is closed.

    The server's own message is left out: it quotes access key ids and signatures.
    """
    async with answer:
        try:
            body = await read_bounded(answer, _MAX_REFUSAL_BYTES)
        except AnswerTooLargeError:
            body = b""
    found = _CODE.search(body)
    headers = {name.lower(): value for name, value in answer.headers.items()}
    return ClientError(
        {
            "Error": {"Code": found[1].decode() if found else str(answer.status)},
            "ResponseMetadata": {
                "HTTPStatusCode": answer.status,
                "HTTPHeaders": headers,
                "RequestId": headers.get("x-amz-request-id", ""),
                "HostId": headers.get("x-amz-id-2", ""),
                "RetryAttempts": 0,
            },
        },
        method,
    )


def page_of(body: bytes) -> Page:
    """The listing that this is.

    Raises:
        StorageUnavailableError: it is none: a web page, say, or cut short.
    """
    root = _parsed(body, "ListBucketResult")
    truncated = _text(root, "IsTruncated")
    if truncated not in ("true", "false"):
        raise StorageUnavailableError(f"the answer is no listing: {_TEXT_OF_NO_S3}")
    encoded = _text(root, "EncodingType") == "url"
    try:
        rows = tuple(_row(row, encoded=encoded) for row in _children(root, "Contents"))
        folders = tuple(_key(row, "Prefix", encoded=encoded) for row in _children(root, "CommonPrefixes"))
    except ValueError as error:
        raise StorageUnavailableError(f"the answer is no listing of ours: {error}") from error
    return Page(rows, folders, _text(root, "NextContinuationToken") if truncated == "true" else None)


def failures_of(body: bytes) -> Iterator[tuple[str, str]]:
    """Key and S3 error code of each object that a bulk deletion left where it was."""
    root = _parsed(body, "DeleteResult")
    for failure in _children(root, "Error"):
        yield _text(failure, "Key") or "", _text(failure, "Code") or ""


def _parsed(body: bytes, wanted: str) -> ET.Element:
    try:
        root = ET.fromstring(body)  # noqa: S314 - bounded, and from the storage that holds everything we know
    except ET.ParseError as error:
        raise StorageUnavailableError(f"the answer is no XML: {_TEXT_OF_NO_S3}") from error
    if _name(root) != wanted:
        raise StorageUnavailableError(f"the answer is no {wanted}: {_TEXT_OF_NO_S3}")
    return root


def _row(row: ET.Element, *, encoded: bool) -> ObjectInfo:
    size, modified = _text(row, "Size"), _text(row, "LastModified")
    if size is None or modified is None:
        raise ValueError("a row without size or time")
    return ObjectInfo(_key(row, "Key", encoded=encoded), int(size), _time(modified))


def _key(row: ET.Element, name: str, *, encoded: bool) -> str:
    key = _text(row, name)
    if key is None:
        raise ValueError("a row without key")
    return unquote(key.replace("+", " ")) if encoded else key


def _time(text: str) -> datetime:
    """ISO 8601, as S3 writes it, or the form of HTTP headers, as some S3-likes do."""
    for parse in (datetime.fromisoformat, parsedate_to_datetime):
        with suppress(ValueError, TypeError):
            return parse(text).astimezone(UTC)
    raise ValueError(f"no time: {text[:40]}")


def _children(parent: ET.Element, name: str) -> Iterator[ET.Element]:
    return (child for child in parent if _name(child) == name)


def _text(parent: ET.Element, name: str) -> str | None:
    child = next(_children(parent, name), None)
    return None if child is None else child.text or ""


def _name(element: ET.Element) -> str:
    """Without the namespace, which not every S3-like sets."""
    return element.tag.rpartition("}")[2]
