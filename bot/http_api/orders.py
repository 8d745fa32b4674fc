"""Requests for a task, read in bounded memory: JSON with URLs, or multipart/form-data with the pictures themselves.

An upload goes to a spool while it comes in (a little memory, then disk) and is looked at only when it is complete, so
a slow line holds up nobody else.
"""

import asyncio
import hashlib
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass
from typing import BinaryIO

from aiohttp import BodyPartReader, MultipartReader, web
from aiohttp.http_exceptions import HttpProcessingError
from pydantic import ValidationError

from bot.http_api.models import MAX_GARMENTS, Fault, TaskOptions, TaskRequest
from bot.http_api.problems import ProblemError, invalid
from bot.jobs.results.artifacts import new_spool

PERSON, GARMENTS = "person_image", "garments"
# 14 pictures of 20 MB over a line of 10 Mbit/s; that a body comes along at all is watched for every request.
UPLOAD_TIMEOUT_S = 300.0
BUSY_AGAIN_S = 2
_CHUNK_BYTES = 256 * 1024
_MAX_TEXT_BYTES = 16 * 1024
# Some more than there are names for, so that what is wrong with a form can be said.
_MAX_PARTS = 64


@dataclass(frozen=True, slots=True)
class Upload:
    """A picture that came with the request, unchecked. `digest` is that of its bytes."""

    pointer: str
    content: BinaryIO
    size: int
    digest: str


@dataclass(frozen=True, slots=True)
class Order:
    """What is asked for. `images`: the person first; a text is a URL."""

    options: TaskOptions
    images: tuple[str | Upload, ...]


async def read_order(
    request: web.Request, max_image_bytes: int, uploads: asyncio.Semaphore, held: AsyncExitStack
) -> Order:
    """The order in this request. What it holds (spools, one of the places for uploads) it holds as long as `held`.

    Raises:
        ProblemError: malformed, invalid, too_large, too_slow, unsupported_media_type, busy.
    """
    try:
        async with asyncio.timeout(UPLOAD_TIMEOUT_S):
            match request.content_type:
                case "application/json":
                    return _from_json(await request.read())
                case "multipart/form-data":
                    if uploads.locked():
                        raise ProblemError("busy", retry_after_s=BUSY_AGAIN_S)
                    await held.enter_async_context(uploads)
                    return await _from_form(request, _Form(max_image_bytes, held))
                case _:
                    raise ProblemError("unsupported_media_type")
    except TimeoutError:
        raise ProblemError("too_slow") from None


def _from_json(body: bytes) -> Order:
    try:
        asked = TaskRequest.model_validate_json(body)
    except ValidationError as error:
        raise _refused(error) from None
    return Order(asked, (asked.person_image, *asked.garments))


async def _from_form(request: web.Request, form: "_Form") -> Order:
    with _as_malformed():
        reader = await request.multipart()
    for _ in range(_MAX_PARTS):
        with _as_malformed():
            part = await reader.next()
        if part is None:
            return form.order()
        if isinstance(part, MultipartReader):
            raise ProblemError("malformed", detail="A part of the form is a form itself.")
        await form.take(part)
    raise ProblemError("too_large", detail=f"The form has more than {_MAX_PARTS} parts.")


class _Form:
    """What has come in of a form."""

    def __init__(self, max_image_bytes: int, spools: AsyncExitStack) -> None:
        self._max_bytes, self._spools = max_image_bytes, spools
        self._texts: dict[str, str] = {}
        self._person: Upload | None = None
        self._garments: list[Upload] = []

    async def take(self, part: BodyPartReader) -> None:
        """One more part; raises `ProblemError` when it is one too many."""
        name = part.name or ""
        if name in self._texts or (name == PERSON and self._person):
            raise invalid(f"/{_escaped(name)}", "is given more than once")
        if name == PERSON:
            self._person = await self._upload(part, f"/{PERSON}")
        elif name == GARMENTS and len(self._garments) == MAX_GARMENTS:
            raise invalid(f"/{GARMENTS}", f"{MAX_GARMENTS} is the most that any preset takes")
        elif name == GARMENTS:
            self._garments.append(await self._upload(part, f"/{GARMENTS}/{len(self._garments)}"))
        else:
            self._texts[name] = await _text(part, f"/{_escaped(name)}")

    def order(self) -> Order:
        """The whole; raises `ProblemError` when it does not fit."""
        try:
            options = TaskOptions.model_validate_strings(self._texts, strict=False)
        except ValidationError as error:
            raise _refused(error) from None
        if self._person is None:
            raise invalid(f"/{PERSON}", "is missing")
        return Order(options, (self._person, *self._garments))

    async def _upload(self, part: BodyPartReader, pointer: str) -> Upload:
        content, digest, size = self._spools.enter_context(new_spool()), hashlib.sha256(), 0
        while chunk := await _chunk(part):
            size += len(chunk)
            if size > self._max_bytes:
                detail = f"has more than {self._max_bytes // (1024 * 1024)} MB"
                raise ProblemError("too_large", errors=[Fault(pointer=pointer, detail=detail)])
            digest.update(chunk)
            content.write(chunk)
        return Upload(pointer, content, size, digest.hexdigest())


async def _text(part: BodyPartReader, pointer: str) -> str:
    text = bytearray()
    while chunk := await _chunk(part):
        text += chunk
        if len(text) > _MAX_TEXT_BYTES:
            raise invalid(pointer, "is too long")
    try:
        return text.decode()
    except UnicodeDecodeError:
        raise invalid(pointer, "is not UTF-8") from None


async def _chunk(part: BodyPartReader) -> bytes:
    with _as_malformed():
        return await part.read_chunk(_CHUNK_BYTES)


@contextmanager
def _as_malformed() -> Iterator[None]:
    """What the reader raises on a form that is none, whatever it is: that is the sender's doing."""
    try:
        yield
    except (ValueError, AssertionError, RuntimeError, LookupError, HttpProcessingError):
        raise ProblemError("malformed") from None


def _refused(error: ValidationError) -> ProblemError:
    found = error.errors(include_url=False, include_context=False, include_input=False)
    if any(one["type"] == "json_invalid" for one in found):
        return ProblemError("malformed", detail=found[0]["msg"])
    faults = [Fault(pointer="".join(f"/{_escaped(part)}" for part in one["loc"]), detail=one["msg"]) for one in found]
    return ProblemError("invalid", errors=faults)


def _escaped(part: str | int) -> str:
    # https://www.rfc-editor.org/rfc/rfc6901#section-3; lone surrogates cannot be written as UTF-8
    text = str(part).encode(errors="replace").decode()
    return text.replace("~", "~0").replace("/", "~1")[:100]
