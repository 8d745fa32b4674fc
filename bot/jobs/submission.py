"""What a person asks for, as a door understood it, and the job that it becomes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from bot.jobs.errors import JobsError
from bot.jobs.planning import plan
from bot.jobs.questions import open_question
from replicate_gateway.presets import OutputKind, Preset
from storage.job import InputImage, Job, Origin, Slot
from storage.wishes import Question, Wishes

# How long a question stays open; each answer begins this time anew.
ANSWER_WITHIN = timedelta(minutes=15)


class IncompleteError(JobsError):
    """Something is missing, and there is no chat to ask in."""

    def __init__(self, question: Question) -> None:
        super().__init__(question.value)
        self.question = question


@dataclass(frozen=True, slots=True)
class Timeouts:
    """How long is waited: for the result of a job, for more pictures of an album, for an answer."""

    job: timedelta
    album: timedelta
    answer: timedelta = ANSWER_WITHIN


@dataclass(frozen=True, slots=True)
class Album:
    """The album that a picture belongs to: `job_id` is the job of all of it, `group` Telegram's name for it."""

    job_id: str
    group: str


@dataclass(frozen=True, slots=True)
class Submission:
    """Pictures and what is to be done with them. The same delivery must always give the same `job_id`.

    `chosen` says that the person named the preset for these very pictures, so they are no answer to a question.
    `seeds` make one slot each, over all inputs; without them the slots follow from preset and wishes.
    """

    job_id: str
    origin: Origin
    preset: str
    inputs: tuple[InputImage, ...]
    prompt: str = ""
    seeds: tuple[int | None, ...] = ()
    wishes: Wishes = field(default_factory=Wishes)
    chosen: bool = False
    album: Album | None = None

    def with_inputs(self, inputs: Sequence[InputImage]) -> "Submission":
        """The same with other inputs."""
        return replace(self, inputs=tuple(inputs))

    def same_as(self, job: Job) -> bool:
        """Whether the recorded job is what is asked for here: a repeated request must not pass for another one."""
        recorded = (job.preset, job.prompt, job.origin.on_behalf_of, job.wishes)
        asked = (self.preset, self.prompt, self.origin.on_behalf_of, self.wishes)
        return asked == recorded and [*map(_source, self.inputs)] == [*map(_source, job.inputs)]


def _source(image: InputImage) -> str | None:
    """What tells a picture from others: a URL, a file id, or the key of an upload, which holds a digest of it."""
    return image.url or image.file_id or (image.key or "").partition(".")[0]


def new_job(
    asked: Submission, presets: Mapping[str, Preset], now: datetime, timeouts: Timeouts, *, joins: str | None = None
) -> Job:
    """The job as it is recorded first: with its slots, or as a draft where something is still to come.

    Raises:
        IncompleteError: its person would have to be asked, and it did not come from a chat.
    """
    preset = presets.get(asked.preset)
    writes = preset is not None and preset.output_kind is OutputKind.TEXT
    draft = Job(
        id=asked.album.job_id if asked.album else asked.job_id,
        origin=asked.origin,
        preset=asked.preset,
        prompt=asked.prompt,
        inputs=asked.inputs,
        slots=tuple(Slot(seed=seed, writes=writes) for seed in asked.seeds),
        created_at=now,
        updated_at=now,
        deadline=now + timeouts.job,
        wishes=asked.wishes,
        album=asked.album.group if asked.album else None,
        gathering_until=now + timeouts.album if asked.album else None,
        joins=joins,
    )
    question = open_question(draft, presets)
    if question and asked.origin.chat_id is None:
        raise IncompleteError(question)
    if draft.slots:
        return draft
    if question or draft.joins or draft.gathering_until:
        return replace(draft, deadline=now + timeouts.answer)
    return replace(draft, slots=plan(draft, presets[draft.preset]))
