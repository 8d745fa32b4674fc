"""What a job still has to hear from its person before it can begin. Nothing is remembered: the job itself tells."""

from collections.abc import Mapping

from replicate_gateway.presets import Preset
from storage.job import Job
from storage.wishes import Question

SPENDING = (Question.PRESET, Question.ALBUM)
"""Who chooses what, and how much, shall be done should know how much may be today."""


def open_question(job: Job, presets: Mapping[str, Preset]) -> Question | None:
    """The one question that is open now, if the job is a draft that cannot begin without an answer."""
    if not job.draft or job.gathering_until or job.joins or job.cancel_requested:
        return None
    preset = presets.get(job.preset)
    if preset is None:
        return Question.PRESET
    if len(job.inputs) < preset.min_images:
        return Question.IMAGE
    if preset.prompt_required and not job.prompt:
        return Question.PROMPT
    if _album_unclear(job, preset):
        return Question.ALBUM
    return Question.START if _start_unclear(job, preset) else None


def _album_unclear(job: Job, preset: Preset) -> bool:
    several = len(job.inputs) > 1 and preset.max_images == 1
    return several and job.wishes.album is None and Question.ALBUM in job.wishes.ask


def _start_unclear(job: Job, preset: Preset) -> bool:
    """Who comes first matters where pictures have roles, and an album's order may be an accident."""
    roles = bool(preset.extra_image_fields) and job.album is not None
    return not job.wishes.started and (roles or Question.START in job.wishes.ask)
