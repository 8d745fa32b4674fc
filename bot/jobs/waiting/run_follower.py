"""Takes in whatever is heard of predictions under way, and has their jobs' messages brought up to date.

News costs no read and no write of the storage: it is kept in `Progress`, noted for other processes, and the job is
advanced as often as its message may be edited.
What a model writes is read from its stream as it is written; where that cannot be had, callbacks and polls bring it in
larger pieces. A stream only feeds what people see meanwhile: the result is what Replicate says when asked, which is
done at once when the stream ends.
"""

from collections import OrderedDict
from collections.abc import Mapping
from contextlib import aclosing
from datetime import timedelta

import structlog

from bot.jobs.background import Background
from bot.jobs.poll_pace import PollPace
from bot.jobs.ports.clock import Clock
from bot.jobs.ports.queue import JobQueue
from bot.jobs.ports.shared_state import ChoreLeases
from bot.jobs.prediction_events import output_kind
from bot.jobs.waiting.edit_pace import edit_pause
from bot.jobs.waiting.live_notes import LiveNotes
from bot.jobs.waiting.progress import Heard, Progress, WrittenText
from replicate_gateway.errors import GatewayError
from replicate_gateway.prediction import Prediction
from replicate_gateway.presets import OutputKind, Preset
from replicate_gateway.protocol import ReplicateGateway, StreamEventKind
from storage.job import Job

_KEPT_STREAMS = 1_000
# After this long whoever read a stream may be gone, and another process that comes by may read it; two do no harm.
_READER_STAYS_S = 60.0
_PASS_ON_EVERY = timedelta(seconds=0.5)  # as often as callbacks come; a stream brings dozens of pieces a second

_log = structlog.get_logger()


class RunFollower:
    """One for each process; of several ones any may hear of a prediction, and another advance its job."""

    def __init__(
        self,
        gateway: ReplicateGateway,
        presets: Mapping[str, Preset],
        progress: Progress,
        notes: LiveNotes,
        pace: PollPace,
        queue: JobQueue,
        chores: ChoreLeases,
        clock: Clock,
    ) -> None:
        self._gateway, self._presets, self._progress, self._notes = gateway, presets, progress, notes
        self._pace, self._queue, self._chores, self._clock = pace, queue, chores, clock
        self._background = Background()
        # Each stream is read once: one that ends too early must not be begun again for every look at its prediction.
        self._streamed: OrderedDict[str, None] = OrderedDict()

    async def follow(self, job: Job, part: int, prediction: Prediction) -> None:
        """Take in which prediction a slot has, and how it stands: every step that learns of it says so here."""
        self.take_in(job, part, prediction)
        await self.tell(job.id, part)

    async def tell(self, job_id: str, part: int) -> None:
        """Let other processes know what was taken in; of a prediction that has ended there is nothing to know."""
        await self._notes.tell_run(job_id, part)

    def take_in(self, job: Job, part: int, prediction: Prediction) -> None:
        """The part of `follow` that waits for nobody."""
        self._progress.follow(job, part, prediction)
        writes = output_kind(job, self._presets) is OutputKind.TEXT
        wanted = writes and not prediction.status.terminal
        url = prediction.stream_url if wanted else None
        if url and prediction.id not in self._streamed:
            self._streamed[prediction.id] = None
            if len(self._streamed) > _KEPT_STREAMS:
                self._streamed.popitem(last=False)
            self._background.spawn(self._read(url, job.id, part, prediction.id), name=f"stream {prediction.id}")

    async def hear(self, job_id: str, part: int, prediction: Prediction) -> bool:
        """News that need not be written; False where the job's record has to be asked what to do with it."""
        heard = self._progress.update(job_id, part, prediction)
        if heard:
            await self._pass_on(job_id, part, heard)
        return heard is not None

    async def confirm(self, job: Job, part: int, prediction: Prediction) -> bool:
        """Like `follow`, for news that the job's record was asked about; what people may see of it is shown.

        Returns whether that is more than was known here.
        """
        heard = self._progress.follow(job, part, prediction, on_record=True)
        if heard:
            await self._pass_on(job.id, part, heard)
        return heard is not None and heard.changed

    async def ask(self, job_id: str, prediction_id: str, *, spaced: bool = False) -> None:
        """Have Replicate asked how the prediction stands, by whoever advances its job: now, or `spaced` from before."""
        self._pace.hurry(prediction_id, spaced=spaced)
        await self._notes.tell_hurry(job_id, prediction_id, self._clock.now())
        await self._queue.enqueue(job_id)

    async def stop(self) -> None:
        """Read no more streams."""
        await self._background.drain(0)

    async def _read(self, url: str, job_id: str, part: int, prediction_id: str) -> None:
        if not await self._chores.take(f"stream/{prediction_id}", _READER_STAYS_S):
            return  # another process reads it
        text, passed_on = WrittenText(), self._clock.now() - _PASS_ON_EVERY
        try:
            async with aclosing(self._gateway.stream(url)) as events:
                async for event in events:
                    if event.kind is StreamEventKind.OUTPUT:
                        text = text.with_piece(event.data)
                        heard = self._progress.write(job_id, part, prediction_id, text)
                        if heard is None:
                            return  # the job ended without it
                        if self._clock.now() - passed_on >= _PASS_ON_EVERY:
                            passed_on = self._clock.now()
                            await self._pass_on(job_id, part, heard)
        except GatewayError as error:
            _log.info("stream_lost", job_id=job_id, prediction_id=prediction_id, error=str(error))
        else:
            await self._ask_for_the_end(job_id, part, prediction_id)

    async def _ask_for_the_end(self, job_id: str, part: int, prediction_id: str) -> None:
        """Have Replicate asked at once, unless it has told already: a closed job must not be looked at again."""
        run = self._progress.runs_of(job_id).get(part)
        if run and run.prediction_id == prediction_id:
            await self.ask(job_id, prediction_id)

    async def _pass_on(self, job_id: str, part: int, heard: Heard) -> None:
        """Tell the others, and have the job looked at as often as its message may be edited."""
        if not heard.changed or heard.chat_id is None:  # a job of the API shows nothing
            return
        await self._notes.tell_run(job_id, part)
        at = self._progress.nudge_at(job_id, edit_pause(heard.chat_id))
        if at:
            await self._queue.enqueue(job_id, (at - self._clock.now()).total_seconds())
