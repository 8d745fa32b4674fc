"""What a step may report. Whatever else a step raises is unforeseen and ends in `poison/`."""

from collections.abc import Mapping


class JobsError(Exception):
    """Root of the errors of this package."""


class NotDoneError(JobsError):
    """Nothing happened and time helps: try the step again, not before `retry_after_s` if that is given.

    `code` names the reason for the record, the log and, where it concerns the person, the status message. After
    `tries` attempts in a row that end so the step is given up, if that is given; else the job's deadline decides.
    `cause` is for the log: no URL is in it.
    """

    def __init__(
        self, code: str, *, retry_after_s: float | None = None, tries: int | None = None, cause: str | None = None
    ) -> None:
        super().__init__(code)
        self.code, self.retry_after_s, self.tries, self.cause = code, retry_after_s, tries, cause


# Reasons to stand in line. Who waits for these is nudged when a place is freed, and may then ask before its time.
IN_LINE = frozenset({"user_busy", "replicate_full", "paused"})


class EngineUnavailableError(NotDoneError):
    """What several processes share cannot be asked about or changed now; `why`, if that is known, is for operators."""

    def __init__(self, why: str = "") -> None:
        super().__init__("engine_unavailable")
        self.why = why


class OutcomeUnknownError(JobsError):
    """A side effect that cannot be undone may have happened; its claim must stand."""


class JobFailedError(JobsError):
    """The job cannot succeed. `code` and `facts` make the sentence that the person reads."""

    def __init__(self, code: str, facts: Mapping[str, str | int | float] | None = None) -> None:
        super().__init__(code)
        self.code, self.facts = code, dict(facts or {})


class SlotFailedError(JobsError):
    """One image of the job cannot be had; others may."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class ChatGoneError(JobsError):
    """The person blocked the bot, or the chat is no more: nobody is there to be told."""


class ChatMovedError(JobsError):
    """The group is another chat now, and no message of the old one is in it; nothing was sent."""

    def __init__(self, chat_id: int) -> None:
        super().__init__(str(chat_id))
        self.chat_id = chat_id


class StatusMessageGoneError(JobsError):
    """There is no status message to edit (any more)."""


class NoSuchPresetError(JobsError):
    """The preset that was named is not on offer."""


class NoSuchJobError(JobsError):
    """The job that was named is not recorded."""


class TooSmallToShrinkError(JobsError):
    """Its pictures are so small already that less of them is no help."""

    def __init__(self, job_id: str, longest: int) -> None:
        super().__init__(f"{job_id}: {longest} pixels")
        self.job_id, self.longest = job_id, longest


class NoSuchResultError(JobsError):
    """The job has no such result."""

    def __init__(self, job_id: str, number: int) -> None:
        super().__init__(f"{job_id} has no result {number}")
        self.job_id, self.number = job_id, number
