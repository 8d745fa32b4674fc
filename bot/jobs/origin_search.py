"""Which job a prediction was made for, when neither our reference nor a task record tells: by its input's pictures.

Only jobs come into question that are open and whose create call may have made a prediction that nobody knows of.
"""

from contextlib import suppress

from bot.jobs.callback_reference import JobReference
from bot.jobs.errors import JobFailedError
from bot.jobs.steps.create import Create
from replicate_gateway.prediction import Prediction
from storage.errors import RecordCorruptError, RecordTooNewError
from storage.job import Job, JobStatus, SlotState
from storage.repository import JobRepository


class OriginSearch:
    """Reads the list of open jobs and each of their records: for what should hardly ever come."""

    def __init__(self, repository: JobRepository, create: Create) -> None:
        self._repository, self._create = repository, create

    async def slot_of(self, prediction: Prediction) -> JobReference | None:
        """The slot whose create call would have sent this input; None where there is none, or more than one job's.

        Raises:
            StorageUnavailableError: the jobs cannot be read now.
        """
        if not prediction.input:
            return None
        found = []
        async for marker in self._repository.open_jobs():
            with suppress(RecordCorruptError, RecordTooNewError):  # whoever advances it will see
                job = await self._repository.find(marker.job_id)
                if (
                    job
                    and job.status is JobStatus.PROCESSING
                    and (part := await self._part_of(job, prediction)) is not None
                ):
                    found.append(JobReference(job.id, part))
        return found[0] if len(found) == 1 else None

    async def _part_of(self, job: Job, prediction: Prediction) -> int | None:
        for part, slot in enumerate(job.slots):
            unclear = slot.state is SlotState.CLAIMED or (slot.state is SlotState.OPEN and slot.creates > 0)
            with suppress(JobFailedError):  # its input is gone
                if unclear and self._create.is_ours(prediction, job, part, await self._create.traces(job, part)):
                    return part
        return None
