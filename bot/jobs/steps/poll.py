"""Ask Replicate how a prediction stands when no callback has told for a while."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta

import structlog

from bot.jobs.errors import NotDoneError
from bot.jobs.poll_pace import PollPace
from bot.jobs.ports.clock import Clock
from bot.jobs.prediction_events import OPERATOR_CODES, news_of, output_kind, postponed_by
from bot.jobs.steps.step import Due, Step
from bot.jobs.waiting.progress import COLD_START, Progress
from bot.jobs.waiting.run_follower import RunFollower
from replicate_gateway.errors import GatewayError, PredictionNotFoundError
from replicate_gateway.presets import Preset
from replicate_gateway.protocol import ReplicateGateway
from storage.event import Event
from storage.job import Job, SlotState
from storage.slot_events import SlotFailed

# A prediction that Replicate does not know so often in a row gives no image; once, a proxy may say, or a lagging copy.
_TRIES = 3

_CLOCK_SKEW = timedelta(seconds=60)  # between the machines that write heard_at
_LONG_AGO = datetime.min.replace(tzinfo=UTC)

_log = structlog.get_logger()


class Poll(Step):
    """Without webhooks this is the way that results come; with them it is the safety net."""

    name = "poll"
    done = "prediction_polled"
    by_slot = True

    def __init__(
        self,
        gateway: ReplicateGateway,
        presets: Mapping[str, Preset],
        pace: PollPace,
        progress: Progress,
        follower: RunFollower,
        clock: Clock,
    ) -> None:
        self._gateway, self._presets, self._pace, self._clock = gateway, presets, pace, clock
        self._progress, self._follower = progress, follower

    def due(self, job: Job, now: datetime) -> Iterator[Due]:
        """Every running slot, when its next poll is due."""
        if job.outcome:
            return
        for part, slot in enumerate(job.slots):
            if slot.state is SlotState.RUNNING and slot.prediction_id and slot.heard_at:
                at = self._next_poll(job, part)
                if self._silent(job, part):
                    at = min(at, slot.heard_at + COLD_START)
                # Before a job is given up for its age its prediction is asked about once more.
                asked = self._pace.asked_since(slot.prediction_id, job.deadline)
                yield Due(part, at if asked else min(at, job.deadline))

    async def perform(self, job: Job, part: int) -> Sequence[Event]:
        """What the operator has to mend is put off on record: it decides what the person reads if it stays."""
        prediction_id, now = job.slots[part].prediction_id or "", self._clock.now()
        self._pace.polled(prediction_id, now, extra=now < self._next_poll(job, part))
        try:
            prediction = await self._gateway.get(prediction_id)
        except PredictionNotFoundError as error:
            raise NotDoneError("prediction_lost", tries=_TRIES) from error
        except GatewayError as error:
            reason = postponed_by(error)
            if reason.code in OPERATOR_CODES:
                raise reason from error
            # The pace says when to ask again; a write for every question in vain would be too many.
            _log.info("poll_in_vain", part=part, prediction_id=prediction_id, error=str(error))
            return []
        self._pace.answered(prediction_id, self._clock.now())
        await self._follower.follow(job, part, prediction)
        if prediction.status.terminal:
            self._pace.forget(prediction_id)
        return news_of(prediction, part, self._clock.now(), output_kind(job, self._presets))

    def give_up(self, job: Job, part: int, code: str, now: datetime) -> Event:
        """The other slots may still give an image."""
        return SlotFailed(part, code, SlotState.RUNNING)

    def _next_poll(self, job: Job, part: int) -> datetime:
        """When the pace says so, counted from the last news; at once where a clock that was set back has counted."""
        slot, among, now = job.slots[part], self._progress.followed, self._clock.now()
        news = (slot.heard_at or job.created_at, self._progress.heard_at(job.id, part))
        heard_at = max((at for at in news if at and at <= now + _CLOCK_SKEW), default=_LONG_AGO)
        at = self._pace.next_poll(slot.prediction_id or "", heard_at, among=among)
        return at if at <= now + self._pace.longest(among=among) + _CLOCK_SKEW else now

    def _silent(self, job: Job, part: int) -> bool:
        """Whether nobody has said yet that the model began: one look tells a cold start, or makes up for the event."""
        slot = job.slots[part]
        if self._progress.started(job.id, part):
            return False
        return not (slot.prediction_id and slot.heard_at and self._pace.asked_since(slot.prediction_id, slot.heard_at))
