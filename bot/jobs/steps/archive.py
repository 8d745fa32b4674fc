"""Make the outputs ours: Replicate deletes them an hour after the prediction."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import replace
from datetime import datetime
from typing import BinaryIO

import structlog

from bot.jobs.errors import NotDoneError, SlotFailedError
from bot.jobs.images import ImageRefusedError, inspect_output, preview_jpeg
from bot.jobs.limits.byte_budget import ByteBudget
from bot.jobs.ports.pictures import OutputSource
from bot.jobs.prediction_events import output_kind, outputs_of, postponed_by
from bot.jobs.results.artifacts import Artifacts, new_spool
from bot.jobs.steps.step import Due, Step
from replicate_gateway.errors import GatewayError, GatewayUnavailableError, OutputRefusedError, PredictionNotFoundError
from replicate_gateway.presets import OutputKind, Preset
from replicate_gateway.protocol import ReplicateGateway
from storage import object_keys
from storage.event import Event
from storage.job import Job, JobFile, SlotState
from storage.objects import ObjectStore
from storage.slot_events import OutputArchived, SlotFailed

MAX_OUTPUT_BYTES = 50_000_000  # what Telegram takes from a bot as a document
MAX_OUTPUTS = 10  # of one prediction; the most that an album holds
_TYPICAL_OUTPUT_BYTES = 4_000_000
_BYTES_PER_PIXEL = 4  # decoded
_TEXT = "text/plain; charset=utf-8"
# A delivery host may not have yet what the callback names already. Replicate says whether it has deleted it.
_GONE = "output_gone"
_TRIES = 3

_log = structlog.get_logger()


class Archive(Step):
    """One part per slot: fetch, look at what it really is, store."""

    name = "archive"
    done = "artifact_archived"
    by_slot = True

    def __init__(
        self,
        gateway: ReplicateGateway,
        presets: Mapping[str, Preset],
        outputs: OutputSource,
        store: ObjectStore,
        artifacts: Artifacts,
        budget: ByteBudget,
        executor: Executor,
    ) -> None:
        self._gateway, self._presets, self._outputs = gateway, presets, outputs
        self._store, self._artifacts = store, artifacts
        self._budget, self._executor = budget, executor

    def due(self, job: Job, now: datetime) -> Iterator[Due]:
        """Every slot whose outputs still lie at Replicate."""
        if not job.outcome:
            yield from (Due(part) for part, slot in enumerate(job.slots) if slot.state is SlotState.SUCCEEDED)

    async def perform(self, job: Job, part: int) -> Sequence[Event]:
        """An output that is not acceptable fails the slot; one that cannot be had now is tried again."""
        slot = job.slots[part]
        outputs = await self._outputs_of(job, part)
        # Unlike any other slot's, and without gaps where each prediction makes one file.
        numbers = range(1 + part, 1 + part + MAX_OUTPUTS * len(job.slots), len(job.slots))
        archive = self._write if self._kind(job) is OutputKind.TEXT else self._archive
        files = [await archive(job.id, number, output) for number, output in zip(numbers, outputs, strict=False)]
        named = [replace(file, prediction_id=slot.prediction_id, seed=slot.seed) for file in files]
        return [OutputArchived(part, tuple(named))]

    def give_up(self, job: Job, part: int, code: str, now: datetime) -> Event:
        """The other slots may still give an image."""
        return SlotFailed(part, code, SlotState.SUCCEEDED)

    def _kind(self, job: Job) -> OutputKind:
        return output_kind(job, self._presets)

    async def _outputs_of(self, job: Job, part: int) -> tuple[str, ...]:
        """As recorded; or as Replicate says now, where they are not where they were said to be."""
        slot, waits = job.slots[part], job.postponement(self.name, part)
        if slot.output and not (waits and waits.code == _GONE):
            return slot.output
        return await self._ask(job, slot.prediction_id or "")

    async def _ask(self, job: Job, prediction_id: str) -> tuple[str, ...]:
        """Also for outputs that are too long for the record: data URLs hold the image itself."""
        try:
            found = outputs_of(await self._gateway.get(prediction_id), self._kind(job))
        except PredictionNotFoundError as error:
            raise NotDoneError(_GONE, tries=_TRIES) from error
        except GatewayError as error:
            raise postponed_by(error) from error
        if not found:
            raise SlotFailedError(_GONE)
        return found

    async def _write(self, job_id: str, number: int, text: str) -> JobFile:
        """The words of a model that writes."""
        body = text.encode(errors="replace")[:MAX_OUTPUT_BYTES]
        key = object_keys.output_image(job_id, number, "txt")
        await self._store.put(key, body, content_type=_TEXT)
        spool = new_spool()
        spool.write(body)
        self._artifacts.keep(job_id, key, spool)
        return JobFile(key=key, content_type=_TEXT, size=len(body), number=number, as_photo=False)

    async def _archive(self, job_id: str, number: int, url: str) -> JobFile:
        spool = new_spool()
        try:
            size = await self._fetch(url, spool)
            async with self._budget.reserve(_TYPICAL_OUTPUT_BYTES):
                file = await self._stored(job_id, number, spool, size)
            if not file.as_photo:
                file = replace(file, preview=await self._preview(job_id, file, spool))
        except BaseException:
            spool.close()
            raise
        self._artifacts.keep(job_id, file.key, spool)
        return file

    async def _fetch(self, url: str, spool: BinaryIO) -> int:
        """Memory is not reserved meanwhile: nobody knows how long this takes."""
        try:
            return await self._outputs.fetch(url, spool, max_bytes=MAX_OUTPUT_BYTES)
        except OutputRefusedError as error:
            if error.code == _GONE:
                raise NotDoneError(_GONE, tries=_TRIES) from error
            raise SlotFailedError(error.code) from error
        except GatewayUnavailableError as error:
            raise NotDoneError("output_unreachable") from error

    async def _stored(self, job_id: str, number: int, spool: BinaryIO, size: int) -> JobFile:
        try:
            # Not in a thread: it decodes nothing, and the threads may be busy for seconds with what has to be decoded.
            image = inspect_output(spool, size)
        except ImageRefusedError as error:
            raise SlotFailedError("output_not_an_image") from error
        key = object_keys.output_image(job_id, number, image.extension)
        spool.seek(0)
        await self._store.put_file(key, spool, size=size, content_type=image.content_type)
        return JobFile(
            key=key,
            content_type=image.content_type,
            size=size,
            number=number,
            width=image.width,
            height=image.height,
            as_photo=image.as_photo,
        )

    async def _preview(self, job_id: str, file: JobFile, spool: BinaryIO) -> str | None:
        """A small JPEG of what Telegram does not take as a photo; None where there can be none."""
        loop = asyncio.get_running_loop()
        try:
            async with self._budget.reserve(_BYTES_PER_PIXEL * (file.width or 0) * (file.height or 0)):
                small = await loop.run_in_executor(self._executor, preview_jpeg, spool)
        except ImageRefusedError as error:
            _log.info("preview_not_made", number=file.number, reason=error.code.value)
            return None
        key = object_keys.output_preview(job_id, file.number)
        await self._store.put(key, small, content_type="image/jpeg")
        return key
