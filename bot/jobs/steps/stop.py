"""Stop predictions that nobody waits for any more: they cost money."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from bot.jobs.errors import JobFailedError, SlotFailedError
from bot.jobs.replicate_news import translated
from bot.jobs.steps.step import Due, Step
from replicate_gateway.errors import GatewayError, PredictionNotFoundError
from replicate_gateway.protocol import ReplicateGateway
from storage.event import Event
from storage.job import Job, SlotState
from storage.slot_events import SlotFailed


class Stop(Step):
    """After the outcome is decided; a prediction that cannot be stopped does not keep the person waiting."""

    name = "stop"
    done = "prediction_stopped"

    def __init__(self, gateway: ReplicateGateway) -> None:
        self._gateway = gateway

    def due(self, job: Job, now: datetime) -> Iterator[Due]:
        """Every slot whose prediction still runs."""
        if job.outcome:
            yield from (Due(part) for part, slot in enumerate(job.slots) if slot.state is SlotState.RUNNING)

    async def perform(self, job: Job, part: int) -> Sequence[Event]:
        """Canceling what has ended already does no harm."""
        try:
            await self._gateway.cancel(job.slots[part].prediction_id or "")
        except PredictionNotFoundError:
            pass  # it is gone, which is what was wanted
        except GatewayError as error:
            reason = translated(error)
            if isinstance(reason, JobFailedError):  # nothing that time mends
                raise SlotFailedError("prediction_not_stopped") from error
            raise reason from error
        return [SlotFailed(part, "prediction_canceled", SlotState.RUNNING)]

    def give_up(self, job: Job, part: int, code: str, now: datetime) -> Event:
        """Whatever it still makes is not delivered."""
        return SlotFailed(part, code, SlotState.RUNNING)
