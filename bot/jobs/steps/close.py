"""Tidy up after a job whose person was told: history, status message, predictions, markers. All may be repeated."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

import structlog

from bot.jobs.erasure import JobErasure
from bot.jobs.errors import ChatGoneError, ChatMovedError, NotDoneError
from bot.jobs.limits.quota import DailyQuota
from bot.jobs.memory import Memory
from bot.jobs.poll_pace import PollPace
from bot.jobs.ports.chat import Notifier
from bot.jobs.ports.clock import Clock
from bot.jobs.steps.replicate_cleanup import ReplicateCleanup
from bot.jobs.tally import Tally
from bot.jobs.waiting.edit_pace import EditPace
from bot.jobs.waiting.progress import Progress
from bot.jobs.waiting.run_times import RunTimes
from storage.errors import ObjectNotFoundError, StorageError
from storage.job import Job, JobStatus, SlotState
from storage.object_keys import DraftOf
from storage.records import HistoryEntry
from storage.repository import JobRepository

# A status message beside its result looks untidy, a prediction that runs on costs money; neither may keep a finished
# job open for ever.
_TIDY_WITHIN = timedelta(minutes=10)
_TIDY_AGAIN_S = 1.0

_log = structlog.get_logger()


class Close:
    """The last thing to go is the open marker: until then any restart comes back here."""

    def __init__(
        self,
        repository: JobRepository,
        notifier: Notifier,
        cleanup: ReplicateCleanup,
        quota: DailyQuota,
        pace: PollPace,
        progress: Progress,
        edits: EditPace,
        run_times: RunTimes,
        tally: Tally,
        erasure: JobErasure,
        clock: Clock,
        keep: timedelta,
    ) -> None:
        self._repository, self._notifier, self._cleanup = repository, notifier, cleanup
        self._quota, self._pace, self._clock = quota, pace, clock
        self._progress, self._edits, self._run_times = progress, edits, run_times
        self._tally, self._erasure = tally, erasure
        self._remembered: Memory[str, bool] = Memory(clock, keep)  # jobs in the history that are not tidied yet

    async def wanted(self, job: Job) -> bool:
        """Whether a job that has ended is not closed yet, or not tidied up here."""
        if job.erase or job.id in self._remembered or await self._repository.is_open(job.id):
            return True
        if self._progress.knows(job.id):
            # Another process has closed it, perhaps before this one, held up, had written its task records.
            await self._repository.close(job.id, job.predictions)
        self._let_go(job)
        return False

    async def __call__(self, job: Job) -> datetime | None:
        """When to come back, or None when all is done. Raises `StorageError`, and then nothing is lost."""
        await self.remember(job)
        waits = [await self._tidied(self._retract, job), await self._tidied(self._cleanup.stop, job)]
        if any(waits):
            return self._clock.now() + timedelta(seconds=max(waits))
        if await self._unwanted(job):
            await self._erase(job)
        await self._mark_closed(job)
        return None

    async def undo(self, job: Job) -> None:
        """The job was deleted while it was in work here: nothing of what was done since stays."""
        await self._tidied(self._cleanup.stop, job)
        await self._erasure.erase(job)
        await self._mark_closed(job)

    async def _unwanted(self, job: Job) -> bool:
        """Whether nothing is to be left of it, by now; asked after the history was written: see `bot.jobs.erasure`."""
        try:
            return (await self._repository.load(job.id)).erase
        except ObjectNotFoundError:
            return True

    async def _erase(self, job: Job) -> None:
        entry = _entry_of(job)
        if entry:
            await self._quota.note_erased(job.origin.user, entry.done_at, entry.results)
        await self._repository.take_back(job.origin.user, job.id, entry)
        await self._erasure.erase(job)

    async def _mark_closed(self, job: Job) -> None:
        whose = [DraftOf(job.origin.user, chat_id) for chat_id in job.origin.chats]
        await self._repository.close(job.id, job.predictions, whose)
        self._let_go(job)

    async def remember(self, job: Job) -> None:
        """Write down what it came to, once; from then on it counts for the day's quota."""
        if job.id in self._remembered:
            return
        if not job.erase:
            await self._history(job)
        self._tally.note(job)
        self._remembered.put(job.id, True)
        self._fall_silent(job)
        await self._learn(job)

    def _let_go(self, job: Job) -> None:
        """Keep nothing of a job that is closed."""
        self._remembered.pop(job.id)
        self._fall_silent(job)
        for prediction_id in job.predictions:
            self._pace.forget(prediction_id)

    def _fall_silent(self, job: Job) -> None:
        self._progress.forget(job.id)
        self._edits.forget(job.id, job.origin.chat_id)

    async def _history(self, job: Job) -> None:
        entry = _entry_of(job)
        if entry is None:
            return await self._repository.put_ended(job.origin.user, job.id)
        await self._repository.put_history(job.origin.user, entry)
        return self._quota.note(job.origin.user, entry.done_at, entry.results)

    async def _learn(self, job: Job) -> None:
        """How long its models took."""
        for slot in job.slots:
            if slot.state is SlotState.ARCHIVED and slot.predict_time_s:
                await self._run_times.note(job.preset, slot.predict_time_s)

    async def _retract(self, job: Job) -> None:
        if job.message_ids:  # else nothing took its place
            await self._notifier.retract_status(job)

    async def _tidied(self, tidy: Callable[[Job], Awaitable[None]], job: Job) -> float:
        """0 when this is done, or not worth keeping a finished job open for; else in how many seconds to try again."""
        try:
            await tidy(job)
        except NotDoneError as error:
            since = self._clock.now() - job.outcome.at if job.outcome else _TIDY_WITHIN
            if since < _TIDY_WITHIN:
                # Each try waits as long as all before it together.
                return max(error.retry_after_s or 0.0, since.total_seconds(), _TIDY_AGAIN_S)
            _log.warning("not_tidied", what=tidy.__name__, reason=str(error))
        except (ChatGoneError, ChatMovedError):
            pass  # nobody sees it, or nobody can change it
        except StorageError:
            raise
        except Exception:  # noqa: BLE001 - the person was told; the job must come to its end
            _log.exception("not_tidied", what=tidy.__name__)
        return 0.0


def _entry_of(job: Job) -> HistoryEntry | None:
    """Its place in its person's history; None for a job without a result."""
    if job.status is not JobStatus.COMPLETED or not job.outcome:
        return None
    return HistoryEntry(
        job_id=job.id,
        preset=job.preset,
        done_at=job.outcome.at,
        input_key=job.inputs[0].key if job.inputs else None,
        keys=tuple(file.key for file in job.files),
        message_ids=job.message_ids,
        results=sum(slot.state is SlotState.ARCHIVED for slot in job.slots),
    )
