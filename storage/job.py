"""A job as it is remembered: what a person asked for and how far it got. Frozen values and their JSON.

A *job* is what was asked for. It has *inputs* (pictures) and *slots*; a slot is one image of the result and is
filled by one prediction at Replicate. A *claim* says that somebody set out to do something that cannot be undone.
A job without slots is a *draft*: its pictures still come in, or its person is asked something; see
`storage.draft_events`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from storage.record_format import SCHEMA_VERSION
from storage.wishes import Delivery, Wishes

# Nothing is put off for longer: whoever has to wait longer asks once in between.
LONGEST_POSTPONEMENT = timedelta(hours=2)


class JobStatus(StrEnum):
    """Where a job stands; the last three are terminal and never left."""

    PENDING = "pending"  # recorded; not complete yet, or no place for it yet
    PROCESSING = "processing"  # on its way
    COMPLETED = "completed"  # the result was handed over
    FAILED = "failed"  # the reason was handed over
    CANCELED = "canceled"  # the person, or their leaving, ended it

    @property
    def terminal(self) -> bool:
        """Whether nothing can change any more."""
        return self in _TERMINAL


_TERMINAL = frozenset({JobStatus.COMPLETED, JobStatus.FAILED, JobStatus.CANCELED})


class SlotState(StrEnum):
    """How far one image of the result got."""

    OPEN = "open"  # no prediction yet
    CLAIMED = "claimed"  # a create call is, or was, under way
    RUNNING = "running"  # the prediction is known and has not ended
    SUCCEEDED = "succeeded"  # it ended; its outputs wait at Replicate, for an hour
    ARCHIVED = "archived"  # the outputs are ours
    FAILED = "failed"  # there will be no image

    @property
    def ended(self) -> bool:
        """Whether nothing more will come of this slot."""
        return self in (SlotState.ARCHIVED, SlotState.FAILED)


@dataclass(frozen=True, slots=True)
class Claim:
    """Somebody (`by`: one attempt of one run of one process) set out at `at` to do what cannot be undone."""

    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a job came from and where its answer goes."""

    user: str  # "tg-<id>", or "api-<digest of the key>": whose history and quota
    locale: str
    chat_id: int | None = None
    message_id: int | None = None  # what the answer quotes
    thread_id: int | None = None
    update_id: int | None = None
    on_behalf_of: str | None = None  # whom the caller of the API works for, in its own words
    delivery: Delivery = Delivery.PHOTO
    moved_to: int | None = None  # the supergroup that its group has become since

    @property
    def speaks_in(self) -> int | None:
        """The chat that its answer goes to now."""
        return self.moved_to or self.chat_id

    @property
    def chats(self) -> tuple[int, ...]:
        """The chats that its person may write in about it: the one it came from, and what that has become."""
        return tuple(chat for chat in (self.chat_id, self.moved_to) if chat is not None)


@dataclass(frozen=True, slots=True)
class InputImage:
    """A picture to work on: Telegram's file, or what lies at a URL, or an upload.

    `key` is set once it was fetched, checked and stored; an upload comes with one.
    """

    file_id: str | None = None
    size: int | None = None  # bytes, as its sender claims
    as_file: bool = False
    key: str | None = None
    content_type: str | None = None
    width: int | None = None
    height: int | None = None
    link: str | None = None  # where it was uploaded to for Replicate, when it cannot read our storage
    url: str | None = None  # where the caller of the API lets us fetch it; may be as secret as a token
    message_id: int | None = None  # the message that brought it: a picture that comes again is known by it
    still: bool = False  # only one picture of what was sent, which moves


@dataclass(frozen=True, slots=True)
class JobFile:
    """A result that is ours. `number` is its place in the display order, from 1; its key carries it too."""

    key: str
    content_type: str
    size: int
    number: int = 1
    kind: str = "generated"
    width: int | None = None
    height: int | None = None
    as_photo: bool = True  # whether Telegram takes it as a photo
    preview: str | None = None  # key of a small JPEG of what Telegram does not take as a photo
    prediction_id: str | None = None
    seed: int | None = None
    message_id: int | None = None  # where its person sees it
    file_id: str | None = None  # Telegram's name for it, to send it again without an upload

    @property
    def is_text(self) -> bool:
        """Whether it is words and not a picture."""
        return self.content_type.startswith("text/")


@dataclass(frozen=True, slots=True)
class Slot:
    """One image of the result and the prediction that makes it."""

    seed: int | None = None
    state: SlotState = SlotState.OPEN
    creates: int = 0  # create calls so far, but for those that are known to have made nothing
    claim: Claim | None = None
    prediction_id: str | None = None
    heard_at: datetime | None = None  # the last news of the prediction
    output: tuple[str, ...] = ()  # URLs at Replicate, as secret as a token; or the words of a model that writes
    predict_time_s: float | None = None
    failure: str | None = None  # a failure code
    error: str | None = None  # what Replicate said of its last run that failed, for admins; may quote the prompt
    logs: str | None = None  # the end of what the model logged, likewise
    discarded: tuple[str, ...] = ()  # predictions that failed by no fault of the input; their news is no news
    files: tuple[JobFile, ...] = ()
    inputs: tuple[int, ...] = ()  # which of the job's inputs it works on, in this order; empty: all
    facts: Mapping[str, str | int | float] = field(default_factory=dict)  # for the sentence about its failure
    writes: bool = False  # its model gives words: known although the preset may be taken off the offer meanwhile


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a job ends, decided once. `code` and `facts` make the sentence that the person reads."""

    status: JobStatus
    at: datetime
    code: str | None = None
    facts: Mapping[str, str | int | float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Postponement:
    """A step that could not be done, and when it is tried again."""

    step: str
    part: int
    until: datetime
    attempts: int
    code: str

    def holds(self, now: datetime) -> bool:
        """Whether the time is still to come; one that is too far ahead was written by a clock that was wrong."""
        return now < self.until and self.covers(now)

    def covers(self, other: datetime) -> bool:
        """Whether it lasts until this other time, too; one by a wrong clock covers none."""
        return other <= self.until <= other + LONGEST_POSTPONEMENT


@dataclass(frozen=True, slots=True)
class Report:
    """The page about a job of several images. Without keys there is none; once `settled` nobody makes it any more."""

    pdf: str | None = None
    png: str | None = None
    settled: bool = False


@dataclass(frozen=True, slots=True)
class Job:
    """What a person asked for, and how far it got.

    `deadline` is until when somebody waits: for the person's answer while the job is a draft, then for the result.
    """

    id: str
    origin: Origin
    preset: str  # empty: its person has not chosen yet
    inputs: tuple[InputImage, ...]
    slots: tuple[Slot, ...]
    created_at: datetime
    updated_at: datetime
    deadline: datetime
    status: JobStatus = JobStatus.PENDING
    prompt: str = ""
    prompt_message_id: int | None = None  # the message that answered the question for it, if one did
    wishes: Wishes = field(default_factory=Wishes)
    album: str | None = None  # the media group that its pictures came in
    gathering_until: datetime | None = None  # more pictures of the album may come until then
    joins: str | None = None  # the job whose question these pictures probably answer
    status_message_id: int | None = None
    status_shown: str = ""  # the text key that the status message shows
    cancel_requested: bool = False
    erase: bool = False  # nothing is to be left of it once it has ended
    outcome: Outcome | None = None
    delivery: Claim | None = None
    message_ids: tuple[int, ...] = ()  # the messages that told it
    handed: int = 0  # how many of the results' messages were handed over, in their order
    report: Report | None = None
    postponed: tuple[Postponement, ...] = ()
    v: int = SCHEMA_VERSION

    @property
    def code(self) -> str:
        """What a person can quote and an admin can search for."""
        return self.id[:8]

    @property
    def draft(self) -> bool:
        """Whether it is not settled yet what is to be made."""
        return self.status is JobStatus.PENDING and not self.slots and not self.outcome

    @property
    def files(self) -> tuple[JobFile, ...]:
        """All results in the order they are shown."""
        return tuple(file for slot in self.slots for file in slot.files)

    @property
    def predictions(self) -> tuple[str, ...]:
        """All that were made for it, as far as is known."""
        return tuple(p for slot in self.slots for p in (*slot.discarded, slot.prediction_id) if p)

    def inputs_of(self, slot: Slot) -> tuple[int, ...]:
        """The inputs that a slot works on, as indices, in the order that its model gets them."""
        return slot.inputs or tuple(range(len(self.inputs)))

    def has_input(self, image: InputImage) -> bool:
        """Whether the picture of this message is among the inputs."""
        return any(known.message_id == image.message_id for known in self.inputs)

    def postponement(self, step: str, part: int) -> Postponement | None:
        """Why this part of this step waits, if it does."""
        return next((p for p in self.postponed if p.step == step and p.part == part), None)

    def with_slot(self, index: int, slot: Slot) -> "Job":
        """The same job with another slot at `index`."""
        return replace(self, slots=(*self.slots[:index], slot, *self.slots[index + 1 :]))

    def with_input(self, index: int, image: InputImage) -> "Job":
        """The same job with another input at `index`."""
        return replace(self, inputs=(*self.inputs[:index], image, *self.inputs[index + 1 :]))
