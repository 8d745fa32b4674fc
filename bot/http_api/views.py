"""A job as its caller sees it. Rendered once per change and then remembered, so that a poll costs next to nothing."""

import hashlib
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal
from uuid import UUID

from bot.http_api.models import Task, TaskError, TaskImage, TaskProgress, TaskResult, TaskSummary
from bot.jobs.ports.clock import Clock
from replicate_gateway.presets import Preset
from storage.job import InputImage, Job, JobStatus, Outcome, SlotState
from storage.objects import ObjectStore

Stage = Literal["waiting", "preparing", "generating", "saving", "ended"]
Explain = Callable[[Outcome, str], str]

_REMEMBERED = 2000
# Links are made anew when half of their time is over, so that nobody gets one that is about to end.
_RENEWALS = 2
# How far a slot is in each state, roughly: nearly all of the time is spent in the model.
_WAY: Mapping[SlotState, float] = {
    SlotState.OPEN: 0.0,
    SlotState.CLAIMED: 0.1,
    SlotState.RUNNING: 0.2,
    SlotState.SUCCEEDED: 0.9,
    SlotState.ARCHIVED: 1.0,
    SlotState.FAILED: 1.0,
}
_ADMITTED_WAY, _SLOTS_WAY = 0.05, 0.9


@dataclass(frozen=True, slots=True)
class Rendered:
    """A task as JSON. The ETag stays the same while nothing that a caller cares for changes."""

    body: bytes
    etag: str


@dataclass(frozen=True, slots=True)
class _Entry:
    job: Job
    window: int
    rendered: Rendered


class TaskViews:
    """`ttl_s`: how long links work. `explain` gives the sentence for an outcome in a language."""

    def __init__(
        self, store: ObjectStore, presets: Mapping[str, Preset], explain: Explain, clock: Clock, *, ttl_s: int
    ) -> None:
        self._store, self._presets, self._explain = store, presets, explain
        self._clock, self._ttl_s = clock, ttl_s
        self._entries: OrderedDict[tuple[str, str], _Entry] = OrderedDict()

    async def task(self, job: Job, locale: str) -> Rendered:
        """The whole task; raises `StorageError`."""
        window = int(self._clock.now().timestamp() * _RENEWALS // self._ttl_s) if _has_links(job) else 0
        known = self._entries.get((job.id, locale))
        if known and known.window == window and (known.job is job or known.job == job):
            return known.rendered
        rendered = await self._render(job, locale, window)
        self._entries[job.id, locale] = _Entry(job, window, rendered)
        self._entries.move_to_end((job.id, locale))
        if len(self._entries) > _REMEMBERED:
            self._entries.popitem(last=False)
        return rendered

    async def _render(self, job: Job, locale: str, window: int) -> Rendered:
        bare = self._bare(job, locale)
        # Links differ each time they are made, so the tag is that of the task without them.
        digest = hashlib.sha256(f"{locale}\n{window}\n{bare.model_dump_json()}".encode()).hexdigest()[:32]
        task = await self._with_links(bare, job) if _has_links(job) else bare
        return Rendered(task.model_dump_json().encode(), f'"{digest}"')

    def _bare(self, job: Job, locale: str) -> Task:
        seeded = self._presets[job.preset].seed_field is not None if job.preset in self._presets else False
        return Task(
            **dict(summary(job)),
            prompt_hints=job.prompt,
            person_image=_image(job.inputs[0]),
            garments=tuple(map(_image, job.inputs[1:])),
            progress=progress(job),
            result_url=None,
            results=_results(job, seeded=seeded),
            urls_expire_at=None,
            error=self._error(job, locale),
        )

    def _error(self, job: Job, locale: str) -> TaskError | None:
        if job.status is not JobStatus.FAILED or job.outcome is None:
            return None
        return TaskError(code=job.outcome.code or "internal", message=self._explain(job.outcome, locale))

    async def _with_links(self, task: Task, job: Job) -> Task:
        expire_at = self._clock.now() + timedelta(seconds=self._ttl_s)
        inputs = [
            image.model_copy(update={"url": await self._link(given.key) if given.key else None})
            for image, given in zip((task.person_image, *task.garments), job.inputs, strict=True)
        ]
        files = job.files if task.results else ()
        results = [
            result.model_copy(update={"url": await self._link(file.key)})
            for result, file in zip(task.results, files, strict=True)
        ]
        return task.model_copy(
            update={
                "person_image": inputs[0],
                "garments": tuple(inputs[1:]),
                "results": tuple(results),
                "result_url": results[0].url if results else None,
                "urls_expire_at": expire_at,
            }
        )

    async def _link(self, key: str) -> str:
        return await self._store.presigned_url(key, ttl_s=self._ttl_s)


def summary(job: Job) -> TaskSummary:
    """The task in a list."""
    return TaskSummary(
        task_id=UUID(job.id),
        status=job.status,
        user_id=job.origin.on_behalf_of or job.origin.user,
        preset=job.preset,
        variations=job.wishes.variations,
        created_at=job.created_at,
        updated_at=job.updated_at,
    )


def progress(job: Job) -> TaskProgress:
    """How far the job is; says nothing that changes without the record."""
    done = sum(slot.state.ended for slot in job.slots)
    way = sum(_WAY[slot.state] for slot in job.slots) / len(job.slots)
    fraction = 1.0 if job.status.terminal else 0.0 if job.status is JobStatus.PENDING else way * _SLOTS_WAY
    if job.status is JobStatus.PROCESSING:
        fraction += _ADMITTED_WAY
    return TaskProgress(stage=_stage(job), results_done=done, results_total=len(job.slots), fraction=round(fraction, 3))


def _stage(job: Job) -> Stage:
    states = {slot.state for slot in job.slots}
    if job.status.terminal:
        return "ended"
    if job.status is JobStatus.PENDING:
        return "waiting"
    if job.outcome or states <= {SlotState.SUCCEEDED, SlotState.ARCHIVED, SlotState.FAILED}:
        return "saving"
    return "generating" if states & {SlotState.CLAIMED, SlotState.RUNNING} else "preparing"


def _has_links(job: Job) -> bool:
    return any(image.key for image in job.inputs) or bool(job.files)


def _image(image: InputImage) -> TaskImage:
    return TaskImage(url=None, content_type=image.content_type, width=image.width, height=image.height)


def _results(job: Job, *, seeded: bool) -> tuple[TaskResult, ...]:
    if job.status is not JobStatus.COMPLETED:
        return ()
    return tuple(
        TaskResult(
            url="",
            content_type=file.content_type,
            width=file.width,
            height=file.height,
            size_bytes=file.size,
            variation=part % job.wishes.variations + 1,
            garment=slot.inputs[-1] - 1 if slot.inputs else None,
            seed=slot.seed if seeded else None,
        )
        for part, slot in enumerate(job.slots)
        for file in slot.files
    )
