"""What people ask for. Each call returns once the fact is durable; the work follows through the queue."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace

import structlog
from structlog.contextvars import bind_contextvars

from bot.jobs.drafts import Drafts
from bot.jobs.errors import NoSuchJobError, NoSuchPresetError
from bot.jobs.limits.admission import Admission
from bot.jobs.ports.clock import Clock
from bot.jobs.ports.queue import JobQueue
from bot.jobs.questions import open_question
from bot.jobs.submission import Submission, Timeouts, new_job
from replicate_gateway.presets import Preset
from storage.draft_events import Answer, AnswerAwaited, InputAdded, PresetChosen, PromptGiven
from storage.errors import ObjectNotFoundError, RecordCorruptError, RecordTooNewError
from storage.event import Event
from storage.job import Job, JobStatus
from storage.lifecycle_events import CancelRequested, OutcomeDecided
from storage.object_keys import is_job_id
from storage.repository import JobRepository
from storage.wishes import Question

# Jobs that are looked at at a time.
_AT_ONCE = 20

_log = structlog.get_logger()


class JobService:
    """The use cases behind the doors that people come through.

    All methods raise `StorageUnavailableError` when the fact cannot be recorded now; the sender should try again.
    """

    def __init__(
        self,
        repository: JobRepository,
        queue: JobQueue,
        presets: Mapping[str, Preset],
        drafts: Drafts,
        admission: Admission,
        clock: Clock,
        timeouts: Timeouts,
    ) -> None:
        self._repository, self._queue, self._presets, self._drafts = repository, queue, presets, drafts
        self._admission, self._clock, self._timeouts = admission, clock, timeouts

    async def submit(self, submission: Submission) -> bool:
        """Record a job and have it advanced; False when it was recorded before, whether finished or not.

        A picture of an album becomes a part of the album's job while that is gathered, and a job of its own when it
        comes too late. A picture that a question asked for is handed to the job that asked, see `bot.jobs.steps.join`.

        Raises:
            IncompleteError: see `new_job`.
        """
        if submission.album:
            return await self._submit_member(submission, submission.album.job_id)
        return await self._record(submission)

    async def answer(self, job_id: str, user: str, answer: Answer) -> Job:
        """Note what the person said about a draft; returns the job as it is then: too late an answer changes nothing.

        Raises:
            NoSuchJobError: this person has no such job.
            NoSuchPresetError: this preset is not on offer (any more).
        """
        if isinstance(answer, PresetChosen) and answer.preset not in self._presets:
            raise NoSuchPresetError(answer.preset)
        await self.job(job_id, user)
        job = await self._change(job_id, answer, AnswerAwaited(self._clock.now() + self._timeouts.answer))
        await self._drafts.note(job)
        await self._queue.enqueue(job_id)
        return job

    async def give_prompt(self, user: str, chat_id: int, prompt: str, message_id: int) -> Job | None:
        """Take these words for the newest job of the person in this chat that waits for words; None if none does.

        Words that come again are still those of the job that took them, while that is open: none for another one.
        """
        job = await self._waiting(user, chat_id, Question.PROMPT)
        if job is None:
            return None
        took = (one for one in await self.open_jobs(user, chat_id) if one.prompt_message_id == message_id)
        before = next(took, None)
        return before or await self.answer(job.id, user, PromptGiven(prompt, message_id))

    async def job(self, job_id: str, user: str) -> Job:
        """The person's job.

        Raises:
            NoSuchJobError: this person has no such job.
        """
        job = await self._repository.find(job_id) if is_job_id(job_id) else None
        if job is None or job.origin.user != user:
            raise NoSuchJobError(job_id)
        return job

    async def open_jobs(self, user: str, chat_id: int, *, elsewhere: bool = False) -> list[Job]:
        """The person's jobs in this chat that are asked about, in line or under way; and the latter `elsewhere`."""
        job_ids = dict.fromkeys([*await self._drafts.of(user, chat_id), *await self._admission.open_jobs_of(user)])
        found = [await self._readable(job_id) for job_id in job_ids]
        here = [job for job in found if job and (elsewhere or chat_id in job.origin.chats)]
        return [job for job in here if not job.status.terminal]

    async def renew(self, job: Job) -> None:
        """The request for a recorded job came again: the first one may have failed before the job was marked open."""
        if not job.status.terminal:
            await self._repository.mark_open(job.id)
            await self._queue.enqueue(job.id)

    async def cancel(self, job_id: str, user: str) -> Job:
        """Note that the person wants the job to stop; returns the job as it is then.

        Raises:
            NoSuchJobError: this person has no such job.
        """
        await self.job(job_id, user)
        job = await self._change(job_id, CancelRequested())
        await self._queue.enqueue(job_id)
        return job

    async def cancel_all(self, user: str, chat_id: int, *, elsewhere: bool = False) -> int:
        """Note that everything of the person's in this chat, or `elsewhere` too, is to stop; returns how many jobs."""
        jobs = [job for job in await self.open_jobs(user, chat_id, elsewhere=elsewhere) if not job.outcome]
        for job in jobs:
            await self._repository.change(job.id, [CancelRequested()], self._clock.now())
            await self._queue.enqueue(job.id)
        return len(jobs)

    async def nudge_all(self) -> None:
        """Have every open job looked at: something that many of them waited for has changed."""
        async for marker in self._repository.open_jobs():
            await self._queue.enqueue(marker.job_id)

    async def leave(self, chat_id: int, user: str | None = None) -> int:
        """Have the jobs of this person there end, or everybody's: nobody is told of them any more. Returns how many."""
        known = await self.open_jobs(user, chat_id) if user else await self._open_in(chat_id)
        jobs = [job for job in known if job.origin.speaks_in == chat_id]  # others moved on with their group
        for job in jobs:
            now = self._clock.now()
            await self._repository.change(job.id, [OutcomeDecided(JobStatus.CANCELED, now, "chat_gone")], now)
            await self._queue.enqueue(job.id)
        return len(jobs)

    async def _open_in(self, chat_id: int) -> list[Job]:
        """Everybody's. Reads all open jobs, since nothing else tells a chat's: not for what happens often."""
        ids, found = [marker.job_id async for marker in self._repository.open_jobs()], []
        for start in range(0, len(ids), _AT_ONCE):
            found += await asyncio.gather(*map(self._readable, ids[start : start + _AT_ONCE]))
        return [job for job in found if job and job.origin.speaks_in == chat_id and not job.status.terminal]

    async def _submit_member(self, member: Submission, album_id: str) -> bool:
        """The first picture makes the album's job; the others are added to it."""
        user, chat_id = member.origin.user, member.origin.chat_id
        known = chat_id is not None and album_id in await self._drafts.of(user, chat_id)
        # Whoever marked the draft may not have recorded it yet, and may never do so.
        before = await self._repository.find(album_id) if known else None
        if before is None:
            if await self._record(member):
                return True
            before = await self._repository.load(album_id)
        (image,) = member.inputs
        until = self._clock.now() + self._timeouts.album
        preset = member.preset if member.chosen else None
        added = InputAdded(image, gathered_until=until, preset=preset, prompt=member.prompt)
        job = await self._repository.change(album_id, [added], self._clock.now())
        if not job.has_input(image):
            return await self._record(replace(member, album=None, chosen=True))
        bind_contextvars(job_id=album_id)
        _log.info("album_joined", inputs=len(job.inputs))
        await self._queue.enqueue(album_id)
        return not before.has_input(image)

    async def _record(self, asked: Submission) -> bool:
        """Create it if it is not there yet."""
        host = None
        if not asked.chosen and not asked.seeds and asked.origin.chat_id is not None:
            host = await self._waiting(asked.origin.user, asked.origin.chat_id, Question.IMAGE)
        joins = host.id if host and host.id != asked.job_id else None
        job = new_job(asked, self._presets, self._clock.now(), self._timeouts, joins=joins)
        bind_contextvars(job_id=job.id)
        if job.origin.chat_id is None:
            # Nobody is going to be told, so its owner must be able to find it, from the moment it is recorded.
            await self._repository.put_listed(job)
        created = await self._repository.create(job)
        if created:
            await self._drafts.note(job)
        _log.info("job_recorded" if created else "job_repeated", preset=job.preset, user=job.origin.user)
        await self._queue.enqueue(job.id)
        return created

    async def _waiting(self, user: str, chat_id: int, question: Question) -> Job | None:
        """The person's newest draft in this chat with this question open."""
        waiting = []
        for job_id in await self._drafts.of(user, chat_id):
            with suppress(RecordCorruptError, RecordTooNewError):  # whoever advances it will see
                job = await self._repository.find(job_id)
                if job is None or not job.draft:
                    await self._drafts.forget(user, chat_id, job_id)
                elif open_question(job, self._presets) is question:
                    waiting.append(job)
        return max(waiting, key=lambda job: job.created_at, default=None)

    async def _change(self, job_id: str, *events: Event) -> Job:
        """The job after these events; raises `NoSuchJobError` when it has just been deleted."""
        try:
            return await self._repository.change(job_id, events, self._clock.now())
        except ObjectNotFoundError as error:
            raise NoSuchJobError(job_id) from error

    async def _readable(self, job_id: str) -> Job | None:
        """One of several: what is the matter with it is seen by whoever advances it, and no matter of the others."""
        with suppress(RecordCorruptError, RecordTooNewError):
            return await self._repository.find(job_id)
        return None
