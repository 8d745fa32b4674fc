"""Make the page about a job of several images, once its person has them, and store it."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Executor
from datetime import datetime

from bot.jobs.images.contact_sheet import contact_sheet
from bot.jobs.limits.byte_budget import ByteBudget
from bot.jobs.parcels import next_parcel
from bot.jobs.results.artifacts import Artifacts
from bot.jobs.results.report import ReportWriter, report_keys, wants_report
from bot.jobs.steps.step import Due, Step
from replicate_gateway.presets import Preset
from storage import object_keys
from storage.delivery_events import ReportSettled, ReportStored
from storage.event import Event
from storage.job import Job
from storage.objects import ObjectStore

# The page, and the picture that is being drawn onto it: what Telegram takes as a photo has 25 megapixels at most.
_WORKING_BYTES = 100_000_000


class ComposeReport(Step):
    """The keys are the same on every attempt; what was told before must be on record, since this takes a while."""

    name = "compose_report"
    done = "report_stored"
    on_record = True

    def __init__(
        self,
        presets: Mapping[str, Preset],
        writer: ReportWriter,
        store: ObjectStore,
        artifacts: Artifacts,
        budget: ByteBudget,
        executor: Executor,
    ) -> None:
        self._presets, self._writer, self._store, self._artifacts = presets, writer, store, artifacts
        self._budget, self._executor = budget, executor

    def due(self, job: Job, now: datetime) -> Iterator[Due]:
        """All results are handed over."""
        if job.handed and not job.status.terminal and not next_parcel(job) and wants_report(job) and not job.report:
            yield Due()

    async def perform(self, job: Job, part: int) -> Sequence[Event]:
        """Read the pictures back, draw, store."""
        await self._artifacts.fetch(job.id, report_keys(job))
        cells = self._writer.cells(job, lambda key: self._artifacts.held(job.id, key))
        title, lines = self._writer.title(job), self._writer.lines(job, self._presets.get(job.preset))
        async with self._budget.reserve(_WORKING_BYTES):
            loop = asyncio.get_running_loop()
            sheet = await loop.run_in_executor(self._executor, contact_sheet, title, lines, cells)
        pdf, png = object_keys.report(job.id, "pdf"), object_keys.report(job.id, "png")
        await self._store.put(pdf, sheet.pdf, content_type="application/pdf")
        await self._store.put(png, sheet.png, content_type="image/png")
        return [ReportStored(pdf, png)]

    def give_up(self, job: Job, part: int, code: str, now: datetime) -> Event:
        """The results are what counts."""
        return ReportSettled()
