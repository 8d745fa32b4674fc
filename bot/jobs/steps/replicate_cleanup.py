"""What a job that has ended leaves at Replicate: predictions that nobody waits for, and inputs that were uploaded."""

import structlog

from bot.jobs.errors import NotDoneError
from bot.jobs.prediction_events import postponed_by, translated
from bot.jobs.steps.find_orphan import FindOrphan
from replicate_gateway.errors import GatewayError, PredictionNotFoundError
from replicate_gateway.protocol import ReplicateGateway
from storage.job import Job, SlotState

_log = structlog.get_logger()


class ReplicateCleanup:
    """Part of closing a job: the person was told already and does not wait for this."""

    def __init__(self, gateway: ReplicateGateway, orphans: FindOrphan) -> None:
        self._gateway, self._orphans = gateway, orphans

    async def stop(self, job: Job) -> None:
        """Cancel what runs, and what a create call of unknown outcome may have made; then delete what was uploaded,
        which Replicate would keep for a day. Repeating it does no harm.

        Raises:
            NotDoneError: time helps.
        """
        later: NotDoneError | None = None
        for part in range(len(job.slots)):
            try:
                await self._stop(job, part)
            except PredictionNotFoundError:
                pass  # it is gone, which is what was wanted
            except GatewayError as error:
                later = postponed_by(error)
        for image in job.inputs:
            if image.link:
                later = await self._withdraw(image.link) or later
        if later:
            raise later

    async def _withdraw(self, link: str) -> NotDoneError | None:
        try:
            await self._gateway.withdraw(link)
        except GatewayError as error:
            reason = translated(error)
            if isinstance(reason, NotDoneError):
                return reason
            _log.warning("upload_not_withdrawn", error=str(error))
        return None

    async def _stop(self, job: Job, part: int) -> None:
        slot = job.slots[part]
        if slot.state is SlotState.RUNNING and slot.prediction_id:
            await self._cancel(slot.prediction_id)
        elif slot.state is SlotState.CLAIMED and slot.claim:
            orphan, _ = await self._orphans.search(job, part, slot.claim.at)
            if orphan and not orphan.status.terminal:
                await self._cancel(orphan.id)

    async def _cancel(self, prediction_id: str) -> None:
        await self._gateway.cancel(prediction_id)
        _log.info("prediction_stopped", prediction_id=prediction_id)
