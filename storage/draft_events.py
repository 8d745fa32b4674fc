"""What can happen to a job whose pictures still come in, or whose person is asked something, until its slots are set.

An answer that comes too late changes nothing: whoever gave it looks at the job to see how it stands.
"""

from abc import abstractmethod
from dataclasses import dataclass, replace
from datetime import datetime

from storage.event import Event, EventRefusedError
from storage.job import LONGEST_POSTPONEMENT, InputImage, Job, Outcome, Slot
from storage.job import JobStatus as Status
from storage.wishes import AlbumUse, Wishes


@dataclass(frozen=True, slots=True)
class Answer(Event):
    """Something that a draft's person said, asked or not."""

    def fold(self, job: Job) -> Job:
        """Nothing is taken any more once the slots are set, or all is called off; what changes is shown anew."""
        answered = self.take(job) if job.draft and not job.cancel_requested else job
        return job if answered == job else replace(answered, status_shown="")

    @abstractmethod
    def take(self, job: Job) -> Job:
        """The draft after this answer."""


@dataclass(frozen=True, slots=True)
class InputAdded(Answer):
    """Another picture; a picture is known by its message.

    `gathered_until` is given for a member of an album: it is taken only while the album is gathered, and prolongs
    that. `preset` and `prompt` are what its caption said, if it said anything.
    """

    image: InputImage
    gathered_until: datetime | None = None
    preset: str | None = None
    prompt: str = ""

    def take(self, job: Job) -> Job:
        """Members of an album stand in the order of their messages, whatever order they came in."""
        if job.has_input(self.image):
            return job
        until = job.gathering_until
        if self.gathered_until is not None:
            if until is None:
                return job
            until = max(until, self.gathered_until)
        inputs = (*job.inputs, self.image)
        if until is not None:
            inputs = tuple(sorted(inputs, key=lambda image: image.message_id or 0))
        preset = job.preset if self.preset is None else self.preset
        joins = job.joins if self.preset is None else None
        prompt = job.prompt or self.prompt
        return replace(job, inputs=inputs, gathering_until=until, preset=preset, prompt=prompt, joins=joins)


@dataclass(frozen=True, slots=True)
class PresetChosen(Answer):
    """What is to be done with the pictures."""

    preset: str

    def take(self, job: Job) -> Job:
        """The latest choice counts."""
        return replace(job, preset=self.preset)


@dataclass(frozen=True, slots=True)
class PromptGiven(Answer):
    """The words for the model; `message_id` is the message that was nothing but these words."""

    prompt: str
    message_id: int | None = None

    def take(self, job: Job) -> Job:
        """The latest words count."""
        return replace(job, prompt=self.prompt, prompt_message_id=self.message_id)


@dataclass(frozen=True, slots=True)
class AlbumUseChosen(Answer):
    """Whether all pictures are meant, or the first."""

    use: AlbumUse

    def take(self, job: Job) -> Job:
        """The latest choice counts."""
        return replace(job, wishes=replace(job.wishes, album=self.use))


@dataclass(frozen=True, slots=True)
class FirstChosen(Answer):
    """Which picture comes first, named by its message: saying it twice changes nothing."""

    message_id: int

    def take(self, job: Job) -> Job:
        """The others keep their order."""
        return replace(job, inputs=tuple(sorted(job.inputs, key=lambda image: image.message_id != self.message_id)))


@dataclass(frozen=True, slots=True)
class StartConfirmed(Answer):
    """All is as it should be."""

    def take(self, job: Job) -> Job:
        """Nothing more is asked about the order, or only because the person wants to be asked."""
        return replace(job, wishes=replace(job.wishes, started=True))


@dataclass(frozen=True, slots=True)
class AnswerAwaited(Event):
    """The draft's person was heard of: until then there is time for what is still to be said."""

    until: datetime

    def fold(self, job: Job) -> Job:
        """Never earlier than before."""
        return replace(job, deadline=max(job.deadline, self.until)) if job.draft else job


@dataclass(frozen=True, slots=True)
class GatheringEnded(Event):
    """No more pictures of the album are waited for: one that comes later is a job of its own."""

    at: datetime

    def fold(self, job: Job) -> Job:
        """Refused if another picture has come meanwhile, and prolonged the time."""
        if job.gathering_until is None:
            return job
        if still_gathered(job, self.at) or job.outcome:
            raise EventRefusedError("the album is still gathered")
        return replace(job, gathering_until=None)


def still_gathered(job: Job, now: datetime) -> bool:
    """Whether more pictures of the album may come; not for as long as only a wrong clock can have meant."""
    until = job.gathering_until
    return until is not None and now < until <= now + LONGEST_POSTPONEMENT


@dataclass(frozen=True, slots=True)
class SlotsPlanned(Event):
    """What is to be made is settled. `preset`, `inputs` (their number) and `wishes` are what follows from."""

    slots: tuple[Slot, ...]
    deadline: datetime
    preset: str
    inputs: int
    wishes: Wishes

    def fold(self, job: Job) -> Job:
        """Refused if its person has said something else meanwhile."""
        if job.slots == self.slots and job.preset == self.preset:
            return job
        known = (job.preset, len(job.inputs), job.wishes)
        settled = job.draft and not (job.gathering_until or job.joins or job.cancel_requested)
        if not settled or known != (self.preset, self.inputs, self.wishes):
            raise EventRefusedError("the plan is for another job than this")
        return replace(job, slots=self.slots, deadline=self.deadline)


@dataclass(frozen=True, slots=True)
class Joined(Event):
    """Its pictures are in the job that had asked for them: that one tells the person."""

    at: datetime

    def fold(self, job: Job) -> Job:
        """It is over before it began, unless it ended in another way."""
        if job.outcome:
            return job
        if not job.joins or job.slots:
            raise EventRefusedError("the job goes its own way")
        return replace(job, outcome=Outcome(Status.CANCELED, self.at, "joined"), postponed=())


@dataclass(frozen=True, slots=True)
class JoinRefused(Event):
    """The other job no longer waits for pictures: this one goes its own way."""

    def fold(self, job: Job) -> Job:
        """As if it had never been meant for the other."""
        return replace(job, joins=None) if job.draft else job
