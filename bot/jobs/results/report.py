"""What the page about a job says: its pictures, and beside each how it came to be."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import BinaryIO

from bot.jobs.images.contact_sheet import Cell
from bot.jobs.ports.chat import Translate
from bot.jobs.results.cost import estimated_usd
from replicate_gateway.presets import Preset
from storage.job import Job, JobFile, JobStatus, Slot

# Fewer need no page to be compared on.
_MIN_SLOTS = 2


def wants_report(job: Job) -> bool:
    """Whether a page about this job is still to be made or shown: of several pictures, once some are there.

    It is for the chat: what tells of a job without one is the API, which has all of this as data.
    """
    done = job.outcome and job.outcome.status is JobStatus.COMPLETED
    if job.origin.chat_id is None or not done or len(job.slots) < _MIN_SLOTS or (job.report and job.report.settled):
        return False
    return any(not file.is_text for file in job.files)


def report_keys(job: Job) -> list[str]:
    """The pictures on the page: what was sent, then what came of it."""
    used = dict.fromkeys(index for slot in job.slots for index in job.inputs_of(slot))
    inputs = [job.inputs[index].key for index in sorted(used)]
    return [*filter(None, inputs), *(_key(file) for file in job.files if not file.is_text)]


def _key(file: JobFile) -> str:
    """A preview is large enough, and saves reading and decoding the whole."""
    return file.preview or file.key


@dataclass(frozen=True, slots=True)
class ReportWriter:
    """Writes the page in the person's language, with the times of `zone`."""

    translate: Translate
    zone: tzinfo

    def title(self, job: Job) -> str:
        """The headline; the code is what a person can quote."""
        return self.translate("report_title", job.origin.locale, code=job.code)

    def lines(self, job: Job, preset: Preset | None) -> list[str]:
        """What is true of the whole job; of a preset that is no longer offered nothing can be told."""
        locale = job.origin.locale
        done = sum(bool(slot.files) for slot in job.slots)
        predict_s = sum(slot.predict_time_s or 0.0 for slot in job.slots)
        ended = job.outcome.at if job.outcome else job.updated_at
        lines = [
            self.translate("report_times", locale, begun=self._time(job.created_at), ended=self._time(ended)),
            self.translate("report_made", locale, done=done, wanted=len(job.slots), seconds=f"{predict_s:.1f}"),
        ]
        if preset is None:
            return lines
        model = self.translate("report_model", locale, preset=preset.title(locale), model=str(preset.model))
        cost = self.translate("report_cost", locale, usd=f"{estimated_usd(job, {preset.name: preset}):.3f}")
        return [model, *lines, cost]

    def cells(self, job: Job, content: Callable[[str], BinaryIO | None]) -> list[Cell]:
        """Every input that was used, then every result; a frame where there is none."""
        used = sorted({index for slot in job.slots for index in job.inputs_of(slot)})
        several = len(used) > 1
        cells = []
        for index in used:
            key = job.inputs[index].key
            words = self.translate("report_input", job.origin.locale, number=index + 1 if several else "")
            cells.append(Cell(content(key) if key else None, (words.strip(),)))
        number = 0
        for slot in job.slots:
            files = [file for file in slot.files if not file.is_text]
            for file in files:
                number += 1
                cells.append(Cell(content(_key(file)), self._about(job, slot, f"{number}", several)))
            if not files:
                cells.append(Cell(None, (self.translate("report_failed", job.origin.locale),)))
        return cells

    def _about(self, job: Job, slot: Slot, name: str, several: bool) -> tuple[str, ...]:
        locale = job.origin.locale
        if several:
            name += " ← " + ", ".join(str(index + 1) for index in job.inputs_of(slot))
        facts: list[str] = []
        if slot.seed is not None:
            facts.append(self.translate("report_seed", locale, seed=slot.seed))
        if slot.predict_time_s is not None:
            facts.append(self.translate("report_seconds", locale, seconds=f"{slot.predict_time_s:.1f}"))
        return (name, " · ".join(facts)) if facts else (name,)

    def _time(self, at: datetime) -> str:
        return f"{at.astimezone(self.zone):%Y-%m-%d %H:%M:%S %Z}".strip()
