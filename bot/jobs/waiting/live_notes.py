"""What the processes that share the work tell each other of a job's runs and of its status message.

Callbacks come to any process, and any process may advance the job next. So whoever hears something new notes it, and
whoever advances a job reads what there is. The storage has no part in it: nothing of this is worth a write.
"""

from collections.abc import Mapping
from datetime import datetime

from pydantic import TypeAdapter, ValidationError

from bot.jobs.poll_pace import PollPace
from bot.jobs.ports.shared_state import Notes
from bot.jobs.waiting.progress import Progress, Run
from storage.job import Job, SlotState

_SHOWN, _PICTURE = "shown", "picture"
_ASK = "ask/"  # and a prediction's id
_RUN = TypeAdapter(Run)


class LiveNotes:
    """Between `Progress` and `PollPace`, which are what this process knows, and `Notes`, which is what all know."""

    def __init__(self, notes: Notes, progress: Progress, pace: PollPace) -> None:
        self._notes, self._progress, self._pace = notes, progress, pace

    async def catch_up(self, job: Job) -> None:
        """Take in what others have heard of the job, and what they have shown."""
        notes = await self._notes.of(job.id)
        if notes is None:
            return
        self._progress.adopt(job, _runs_in(notes), notes.get(_SHOWN), notes.get(_PICTURE, ""))
        for prediction_id in (slot.prediction_id for slot in job.slots if slot.state is SlotState.RUNNING):
            wanted = notes.get(f"{_ASK}{prediction_id}")
            if prediction_id and wanted and not self._pace.asked_since(prediction_id, datetime.fromisoformat(wanted)):
                self._pace.hurry(prediction_id, spaced=True)

    async def tell_hurry(self, job_id: str, prediction_id: str, at: datetime) -> None:
        """Tell that Replicate is to be asked about the prediction, if it was not since then."""
        await self._notes.put(job_id, f"{_ASK}{prediction_id}", at.isoformat())

    async def tell_run(self, job_id: str, part: int) -> None:
        """Tell what is known here of a slot's run."""
        run = self._progress.runs_of(job_id).get(part)
        if run:
            await self._notes.put(job_id, str(part), _RUN.dump_json(run).decode())

    async def tell_shown(self, job: Job) -> None:
        """Tell what the status message says."""
        shown = self._progress.shown(job)
        if shown:
            await self._notes.put(job.id, _SHOWN, shown)
        picture = self._progress.picture(job)
        if picture:
            await self._notes.put(job.id, _PICTURE, picture)


def _runs_in(notes: Mapping[str, str]) -> Mapping[int, Run]:
    """By slot; a note of another version of this program, which cannot be read here, is none."""
    runs = {}
    for name, text in notes.items():
        if name.isdecimal():
            try:
                runs[int(name)] = _RUN.validate_json(text)
            except ValidationError:
                continue
    return runs
