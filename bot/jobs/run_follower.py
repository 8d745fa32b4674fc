"""Takes in whatever is heard of predictions under way, and has their jobs' messages brought up to date.

News costs no read and no write: it is kept in `Progress`, and the job is advanced when its message may be edited next.
What a model writes is read from its stream as it is written; where that cannot be had, callbacks and polls bring it in
larger pieces. A stream only feeds what people see meanwhile: the result is what Replicate says when asked, which is
done at once when the stream ends.
"""

from collections import OrderedDict
from collections.abc import Mapping
from contextlib import aclosing
from dataclasses import replace

import structlog

from bot.jobs.background import Background
from bot.jobs.edit_pace import EditPace
from bot.jobs.poll_pace import PollPace
from bot.jobs.ports import Clock, JobQueue
from bot.jobs.progress import Heard, Progress, WrittenText
from replicate_gateway.errors import GatewayError
from replicate_gateway.prediction import Prediction
from replicate_gateway.presets import OutputKind, Preset
from replicate_gateway.protocol import ReplicateGateway, StreamEventKind
from storage.job import Job

_KEPT_STREAMS = 1_000

_log = structlog.get_logger()


class RunFollower:
    """One for each process.

    Of several processes (not `alone`) one hears of a prediction and any other advances its job, so that what is heard
    would be told late, or by one and taken back by the next. There only the time of a start is kept.
    """

    def __init__(
        self,
        gateway: ReplicateGateway,
        presets: Mapping[str, Preset],
        progress: Progress,
        edits: EditPace,
        pace: PollPace,
        queue: JobQueue,
        clock: Clock,
        *,
        alone: bool,
    ) -> None:
        self._gateway, self._presets, self._progress = gateway, presets, progress
        self._edits, self._pace, self._queue, self._clock = edits, pace, queue, clock
        self._alone = alone
        self._background = Background()
        # Each stream is read once: one that ends too early must not be begun again for every look at its prediction.
        self._streamed: OrderedDict[str, None] = OrderedDict()

    @property
    def hears_progress(self) -> bool:
        """Whether news of a run comes to the process that shows it."""
        return self._alone

    @property
    def events(self) -> tuple[str, ...]:
        """The callbacks that are of use: all there are, or those that tell of a prediction's beginning and end."""
        return ("start", "output", "logs", "completed") if self._alone else ("start", "completed")

    def follow(self, job: Job, part: int, prediction: Prediction) -> None:
        """Take in which prediction a slot has, and how it stands: every step that learns of it says so here."""
        if not self._alone:
            prediction = replace(prediction, logs="", output=None)
        self._progress.follow(job, part, prediction)
        preset = self._presets.get(job.preset)
        writes = preset is not None and preset.output_kind is OutputKind.TEXT
        wanted = self._alone and writes and not prediction.status.terminal
        url = prediction.stream_url if wanted else None
        if url and prediction.id not in self._streamed:
            self._streamed[prediction.id] = None
            if len(self._streamed) > _KEPT_STREAMS:
                self._streamed.popitem(last=False)
            self._background.spawn(self._read(url, job.id, part, prediction.id), name=f"stream {prediction.id}")

    async def hear(self, job_id: str, part: int, prediction: Prediction) -> bool:
        """News that need not be written; False where the job's record has to be asked what to do with it."""
        heard = self._progress.update(job_id, part, prediction) if self._alone else None
        if heard:
            await self._nudge(job_id, heard)
        return heard is not None

    async def confirm(self, job: Job, part: int, prediction: Prediction) -> None:
        """Like `follow`, for news that the job's record was asked about; what people may see of it is shown."""
        heard = self._progress.follow(job, part, prediction, on_record=True) if self._alone else None
        if heard:
            await self._nudge(job.id, heard)

    async def stop(self) -> None:
        """Read no more streams."""
        await self._background.drain(0)

    async def _read(self, url: str, job_id: str, part: int, prediction_id: str) -> None:
        text = WrittenText()
        try:
            async with aclosing(self._gateway.stream(url)) as events:
                async for event in events:
                    if event.kind is StreamEventKind.OUTPUT:
                        text = text.with_piece(event.data)
                        heard = self._progress.write(job_id, part, prediction_id, text)
                        if heard is None:
                            return  # the job ended without it
                        await self._nudge(job_id, heard)
        except GatewayError as error:
            _log.info("stream_lost", job_id=job_id, prediction_id=prediction_id, error=str(error))
        else:
            self._pace.hurry(prediction_id)
            await self._queue.enqueue(job_id)

    async def _nudge(self, job_id: str, heard: Heard) -> None:
        if heard.changed:
            turn = self._edits.turn(job_id, heard.chat_id)
            await self._queue.enqueue(job_id, (turn - self._clock.now()).total_seconds())
