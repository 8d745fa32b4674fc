"""The state machine of a job: everything that decides a status is in this file.

A job is *pending* from the moment it is recorded until there is a place for it (limits per person); before that its
album may still come in, and its person may be asked something. A picture that answers such a question is recorded as
a job of its own first, so that no delivery of it is lost or taken twice, and ends when the other job has it. It is
*processing* while anything is still to be done: fetching, predicting, archiving, and telling the person. It becomes
*completed*, *failed* or *canceled* only when the person was told, so a terminal job never needs anybody's attention
again. Within *processing*, the job's record itself says how far it is; `bot.jobs.steps` reads it.

Three rules:

* an event that the table lists for the status is folded into the job, and the status becomes what the table says;
* an event that the table does not list raises `IllegalTransitionError` and changes nothing;
* a terminal job takes late news (they come: callbacks repeat, polls overlap) and stays exactly as it is; only that
  nothing is to be left of it is noted.

The diagram in README.md is drawn from `TABLE` by `diagram`; a test compares them.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime

from storage.chat_events import Announced, ChatMoved, StatusShown
from storage.delivery_events import (
    CancellationTold,
    DeliveryClaimed,
    DeliveryReleased,
    FailureTold,
    HandedOver,
    ReportSettled,
    ReportStored,
    ResultTold,
)
from storage.draft_events import (
    AlbumUseChosen,
    AnswerAwaited,
    FirstChosen,
    GatheringEnded,
    InputAdded,
    Joined,
    JoinRefused,
    PresetChosen,
    PromptGiven,
    SlotsPlanned,
    StartConfirmed,
)
from storage.event import Event
from storage.input_events import InputPublished, InputStored
from storage.job import Job, JobStatus
from storage.lifecycle_events import (
    Admitted,
    CancelRequested,
    ErasureRequested,
    OutcomeDecided,
    PauseEnded,
    StepPostponed,
    StepResumed,
)
from storage.slot_events import (
    CreateClaimed,
    CreateReleased,
    OutputArchived,
    PredictionCreated,
    PredictionDiscarded,
    PredictionEnded,
    SlotFailed,
)


class IllegalTransitionError(Exception):
    """The event has no place in this status: a mistake of the caller, never of the outside world."""


_P, _W = JobStatus.PENDING, JobStatus.PROCESSING

# What a draft's person says, or what follows from it. Said too late it changes nothing.
ANSWERS: tuple[type[Event], ...] = (
    InputAdded, PresetChosen, PromptGiven, AlbumUseChosen, FirstChosen, StartConfirmed, AnswerAwaited, JoinRefused,
)  # fmt: skip

# What may come late: told by the outside world, or by a part of us that had not heard of the end yet.
LATE_NEWS: tuple[type[Event], ...] = (
    Admitted, PauseEnded, Announced, StatusShown, ChatMoved, InputStored, InputPublished, PredictionCreated,
    PredictionEnded, PredictionDiscarded, OutputArchived, SlotFailed, CancelRequested, ErasureRequested, CreateReleased,
    DeliveryReleased, OutcomeDecided, HandedOver, ReportStored, ReportSettled, ResultTold, FailureTold,
    CancellationTold, StepPostponed, StepResumed, Joined, *ANSWERS,
)  # fmt: skip

TABLE: Mapping[JobStatus, Mapping[type[Event], JobStatus]] = {
    JobStatus.PENDING: {
        Admitted: _W,
        PauseEnded: _P,
        Announced: _P,
        StatusShown: _P,
        ChatMoved: _P,
        StepPostponed: _P,
        StepResumed: _P,
        CancelRequested: _P,
        ErasureRequested: _P,
        **dict.fromkeys(ANSWERS, _P),
        GatheringEnded: _P,
        SlotsPlanned: _P,
        Joined: JobStatus.CANCELED,
        OutcomeDecided: _W,  # refused at once, or canceled while waiting: there is still somebody to tell
    },
    JobStatus.PROCESSING: {
        Admitted: _W,
        PauseEnded: _W,
        Announced: _W,
        StatusShown: _W,
        ChatMoved: _W,
        InputStored: _W,
        InputPublished: _W,
        CreateClaimed: _W,
        CreateReleased: _W,
        PredictionCreated: _W,
        PredictionEnded: _W,
        PredictionDiscarded: _W,
        OutputArchived: _W,
        SlotFailed: _W,
        StepPostponed: _W,
        StepResumed: _W,
        CancelRequested: _W,
        ErasureRequested: _W,
        OutcomeDecided: _W,
        DeliveryClaimed: _W,
        DeliveryReleased: _W,
        HandedOver: _W,
        ReportStored: _W,
        ReportSettled: _W,
        **dict.fromkeys((Joined, *ANSWERS), _W),
        ResultTold: JobStatus.COMPLETED,
        FailureTold: JobStatus.FAILED,
        CancellationTold: JobStatus.CANCELED,
    },
    JobStatus.COMPLETED: dict.fromkeys(LATE_NEWS, JobStatus.COMPLETED),
    JobStatus.FAILED: dict.fromkeys(LATE_NEWS, JobStatus.FAILED),
    JobStatus.CANCELED: dict.fromkeys(LATE_NEWS, JobStatus.CANCELED),
}


def apply(job: Job, event: Event, now: datetime) -> Job:
    """The job after this event; the very same object when the event brings nothing new.

    Raises:
        IllegalTransitionError: the status does not take such an event.
        EventRefusedError: the event contradicts the job (a claim that somebody else holds, say).
    """
    status = TABLE[job.status].get(type(event))
    if status is None:
        raise IllegalTransitionError(f"{type(event).__name__} does not fit a {job.status} job")
    if (job.status.terminal and not event.after_end) or event.overtaken(job):
        return job
    changed = event.fold(job)
    if changed == job and status is job.status:
        return job
    return replace(changed, status=status, updated_at=now)


def apply_all(job: Job, events: Iterable[Event], now: datetime) -> Job:
    """`apply` for one event after the other."""
    for event in events:
        job = apply(job, event, now)
    return job


def diagram() -> str:
    """The table as a Mermaid state diagram; events that leave the status alone are listed in its note."""
    lines = ["stateDiagram-v2", f"    [*] --> {JobStatus.PENDING}: recorded"]
    for status, row in TABLE.items():
        if status.terminal:
            lines.append(f"    {status} --> [*]")
            continue
        lines += [f"    {status} --> {to}: {event.__name__}" for event, to in row.items() if to is not status]
        stays = ", ".join(event.__name__ for event, to in row.items() if to is status)
        lines.append(f"    note right of {status}: stays on {stays}")
    return "\n".join(lines)
