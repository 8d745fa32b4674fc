"""Settle what is to be made, as soon as nothing has to be asked any more."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

from bot.jobs.planning import plan
from bot.jobs.questions import open_question
from bot.jobs.steps.step import Due, Step
from replicate_gateway.presets import Preset
from storage.draft_events import SlotsPlanned
from storage.event import Event
from storage.job import Claim, Job


class Plan(Step):
    """Only drafts come here: a job that needs no answer is recorded with its slots.

    The plan is claimed: it must be written before anything follows from it, since the doors take answers until then.
    """

    name = "plan"
    done = "slots_planned"

    def __init__(self, presets: Mapping[str, Preset], job_timeout: timedelta) -> None:
        self._presets, self._timeout = presets, job_timeout

    def due(self, job: Job, now: datetime) -> Iterator[Due]:
        """All pictures are there and all questions are answered."""
        waits = job.gathering_until or job.joins or job.cancel_requested
        if job.draft and not waits and open_question(job, self._presets) is None:
            yield Due()

    def claim(self, job: Job, part: int, claim: Claim) -> Event:
        """Refused when its person said something else at the last moment."""
        slots = plan(job, self._presets[job.preset])
        return SlotsPlanned(slots, claim.at + self._timeout, job.preset, len(job.inputs), job.wishes)
