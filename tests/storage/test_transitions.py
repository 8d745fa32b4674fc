"""The state machine: every (status, event) pair, and sequences of events."""

import pkgutil
from dataclasses import replace
from datetime import timedelta
from importlib import import_module

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import storage
from storage.chat_events import Announced, ChatMoved, StatusShown
from storage.delivery_events import (
    CancellationTold,
    DeliveryClaimed,
    DeliveryReleased,
    FailureTold,
    Handed,
    HandedOver,
    ReportSettled,
    ReportStored,
    ResultTold,
    Told,
)
from storage.draft_events import (
    AlbumUseChosen,
    Answer,
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
from storage.event import Event, EventRefusedError
from storage.input_events import InputPublished, InputStored
from storage.job import Claim, InputImage, Job, JobFile, JobStatus, Outcome, Slot, SlotState
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
from storage.transitions import LATE_NEWS, TABLE, IllegalTransitionError, apply, apply_all, diagram
from storage.wishes import AlbumUse, Wishes
from tests.support.fakes import BEGIN, new_job

LATER = BEGIN + timedelta(seconds=5)
CLAIM = Claim("me", BEGIN)
OTHER = Claim("somebody else", BEGIN)
FILE = JobFile("images/output/x/1.png", "image/png", 3)

# An event of each kind, and a job in which it happens.
EVENTS: dict[type[Event], Event] = {
    type(event): event
    for event in (
        Admitted(),
        PauseEnded(LATER),
        Announced(11, "accepted", 7),
        StatusShown("accepted"),
        ChatMoved(-1009001),
        InputStored(0, "images/input/x.jpg", "image/jpeg", 4, 3),
        InputPublished(0, "https://api.replicate.com/v1/files/1"),
        CreateClaimed(0, CLAIM),
        CreateReleased(0, CLAIM),
        PredictionCreated(0, "p1", BEGIN),
        PredictionEnded(0, "p1", BEGIN, ("https://replicate.delivery/1.png",)),
        OutputArchived(0, (FILE,)),
        SlotFailed(0, "model_failed", SlotState.OPEN),
        PredictionDiscarded(0, "p9", LATER, "input_unreadable"),
        CancelRequested(),
        ErasureRequested(),
        OutcomeDecided(JobStatus.COMPLETED, BEGIN),
        DeliveryClaimed(CLAIM),
        DeliveryReleased(CLAIM),
        ResultTold((12,)),
        FailureTold((12,)),
        CancellationTold(()),
        StepPostponed("create", 0, LATER, "replicate_busy"),
        StepResumed("create", 0),
        InputAdded(InputImage("file2", message_id=2)),
        PresetChosen("upscale"),
        PromptGiven("more light"),
        AlbumUseChosen(AlbumUse.FIRST),
        FirstChosen(1),
        StartConfirmed(),
        AnswerAwaited(LATER),
        GatheringEnded(LATER),
        SlotsPlanned((Slot(seed=1),), LATER, "restore", 1, Wishes()),
        Joined(LATER),
        JoinRefused(),
        HandedOver(0, (Handed(FILE.key, 12, "file-id"),)),
        ReportStored("reports/x/report.pdf", "reports/x/report.png"),
        ReportSettled(13),
    )
}


DRAFTS_ONLY = (Answer, AnswerAwaited, GatheringEnded, SlotsPlanned, JoinRefused)


def job_for(status: JobStatus, event: Event) -> Job:
    """A job of this status in which nothing but the status can stand against the event."""
    job = new_job(status=status)
    match event:
        case ResultTold() | FailureTold() | CancellationTold():
            return replace(job, outcome=Outcome(event.ends, BEGIN))
        case DeliveryClaimed():
            return replace(job, outcome=Outcome(JobStatus.COMPLETED, BEGIN))
        case HandedOver():
            return replace(job, outcome=Outcome(JobStatus.COMPLETED, BEGIN), delivery=CLAIM)
        case Joined():
            ended = None if status is JobStatus.PENDING else Outcome(status, BEGIN)
            return replace(job, slots=(), joins="another", outcome=ended)
        case _:
            return replace(job, slots=()) if isinstance(event, DRAFTS_ONLY) and status is JobStatus.PENDING else job


PAIRS = [(status, kind) for status in JobStatus for kind in EVENTS]


def test_every_kind_of_event_is_tried_here():
    modules = [import_module(f"storage.{m.name}") for m in pkgutil.iter_modules(storage.__path__) if "event" in m.name]
    named = [value for module in modules for value in vars(module).values()]
    kinds = {kind for kind in named if isinstance(kind, type) and issubclass(kind, Event)}
    assert set(EVENTS) == kinds - {Event, Told, Answer}
    assert set(EVENTS) == set().union(*TABLE.values())


@pytest.mark.parametrize(("status", "kind"), PAIRS, ids=lambda value: getattr(value, "__name__", value))
def test_every_pair_does_what_the_table_says(status, kind):
    job = job_for(status, EVENTS[kind])
    if kind not in TABLE[status]:
        before = replace(job)
        with pytest.raises(IllegalTransitionError):
            apply(job, EVENTS[kind], LATER)
        assert job == before
        return
    after = apply(job, EVENTS[kind], LATER)
    assert after.status is TABLE[status][kind]
    if kind is ErasureRequested:
        assert after.erase
    elif status.terminal:
        assert after is job


def test_a_wish_to_be_forgotten_is_all_that_changes_in_a_job_that_has_ended():
    for status in (s for s in JobStatus if s.terminal):
        job = job_for(status, ResultTold())
        assert apply(job, ErasureRequested(), LATER) == replace(job, erase=True, updated_at=LATER)


@pytest.mark.parametrize(
    ("status", "kind"),
    [(s, k) for s, k in PAIRS if k in TABLE[s] and k in TABLE[TABLE[s][k]]],
    ids=lambda value: getattr(value, "__name__", value),
)
def test_a_repeated_event_gives_the_very_same_job(status, kind):
    once = apply(job_for(status, EVENTS[kind]), EVENTS[kind], LATER)
    assert apply(once, EVENTS[kind], LATER + timedelta(seconds=1)) is once


def test_news_moves_the_time_of_the_last_change_and_repetition_does_not():
    once = apply(new_job(), Admitted(), LATER)
    assert once.updated_at == LATER
    assert apply(once, Admitted(), LATER + timedelta(hours=1)).updated_at == LATER


def test_terminal_statuses_take_late_news_and_nothing_that_we_would_begin():
    for status in (s for s in JobStatus if s.terminal):
        assert set(TABLE[status]) == set(LATE_NEWS)
        assert set(EVENTS) - set(LATE_NEWS) == {CreateClaimed, DeliveryClaimed, GatheringEnded, SlotsPlanned}


def test_apply_all_stops_at_what_is_refused_and_the_job_at_hand_stays_as_it_was():
    job = new_job()
    with pytest.raises(EventRefusedError):
        apply_all(job, [Admitted(), DeliveryClaimed(CLAIM)], LATER)
    assert job == new_job()


# --- what single events mean ------------------------------------------------------------------------------------------


def processing(**slot) -> Job:
    return new_job(status=JobStatus.PROCESSING, slots=(Slot(**slot),))


def slot_after(job: Job, *events: Event) -> Slot:
    return apply_all(job, events, LATER).slots[0]


@pytest.mark.parametrize(("unclear", "creates"), [(False, 1), (True, 2)], ids=["made nothing", "unclear"])
def test_a_create_claim_is_counted_unless_it_made_nothing_and_its_release_opens_the_slot_again(unclear, creates):
    claimed = slot_after(processing(), CreateClaimed(0, CLAIM))
    assert (claimed.state, claimed.creates, claimed.claim) == (SlotState.CLAIMED, 1, CLAIM)
    released = CreateReleased(0, CLAIM, unclear=unclear)
    again = slot_after(processing(), CreateClaimed(0, CLAIM), released, CreateClaimed(0, OTHER))
    assert (again.state, again.creates, again.claim) == (SlotState.CLAIMED, creates, OTHER)


@pytest.mark.parametrize("state", [s for s in SlotState if s is not SlotState.OPEN])
def test_a_slot_that_is_not_open_cannot_be_claimed(state):
    with pytest.raises(EventRefusedError):
        slot_after(processing(state=state, claim=OTHER), CreateClaimed(0, CLAIM))


@pytest.mark.parametrize("change", [{"cancel_requested": True}, {"outcome": Outcome(JobStatus.FAILED, BEGIN)}])
def test_a_job_that_wants_no_image_any_more_cannot_claim_a_create(change):
    with pytest.raises(EventRefusedError):
        apply(replace(processing(), **change), CreateClaimed(0, CLAIM), LATER)


def test_a_release_that_comes_after_the_prediction_turned_up_changes_nothing():
    slot = slot_after(
        processing(), CreateClaimed(0, CLAIM), PredictionCreated(0, "p1", BEGIN), CreateReleased(0, CLAIM)
    )
    assert (slot.state, slot.prediction_id) == (SlotState.RUNNING, "p1")


def test_the_first_prediction_of_a_slot_is_the_slots_prediction():
    slot = slot_after(processing(), PredictionCreated(0, "p1", BEGIN), PredictionCreated(0, "p2", LATER))
    assert (slot.prediction_id, slot.heard_at) == ("p1", BEGIN)


def test_an_end_that_overtakes_the_beginning_brings_both():
    slot = slot_after(processing(), CreateClaimed(0, CLAIM), EVENTS[PredictionEnded])
    assert (slot.state, slot.prediction_id, slot.claim) == (SlotState.SUCCEEDED, "p1", None)
    assert slot.output == ("https://replicate.delivery/1.png",)


def test_the_end_of_another_prediction_changes_nothing():
    job = apply(processing(), PredictionCreated(0, "p1", BEGIN), LATER)
    assert apply(job, PredictionEnded(0, "p2", BEGIN, ("https://x/y",)), LATER) is job


def test_a_failed_prediction_fails_the_slot_with_its_code():
    slot = slot_after(processing(), PredictionEnded(0, "p1", BEGIN, failure="no_face"))
    assert (slot.state, slot.failure) == (SlotState.FAILED, "no_face")


def test_archiving_forgets_the_links_and_keeps_the_files():
    slot = slot_after(processing(), EVENTS[PredictionEnded], OutputArchived(0, (FILE,)))
    assert (slot.state, slot.output, slot.files) == (SlotState.ARCHIVED, (), (FILE,))


@pytest.mark.parametrize("state", [SlotState.ARCHIVED, SlotState.FAILED])
def test_what_ended_stays_as_it_ended(state):
    job = processing(state=state, prediction_id="p1", failure="no_face")
    late = (SlotFailed(0, "late", state), OutputArchived(0, (FILE,)), EVENTS[PredictionEnded], CreateReleased(0, CLAIM))
    for event in late:
        assert apply(job, event, LATER) is job


def test_only_the_claim_that_is_named_is_released():
    job = processing(state=SlotState.CLAIMED, claim=OTHER, creates=1)
    assert apply(job, CreateReleased(0, CLAIM), LATER) is job


def test_a_failure_that_was_overtaken_by_better_news_changes_nothing():
    job = processing(state=SlotState.SUCCEEDED, prediction_id="p1", output=("https://x/y",))
    assert apply(job, SlotFailed(0, "prediction_lost", SlotState.RUNNING), LATER) is job
    assert slot_after(job, SlotFailed(0, "output_gone", SlotState.SUCCEEDED)).output == ()


def test_a_prediction_works_for_one_slot_only():
    job = apply(new_job(status=JobStatus.PROCESSING, slots=(Slot(), Slot())), PredictionCreated(0, "p1", BEGIN), LATER)
    assert apply(job, PredictionCreated(1, "p1", BEGIN), LATER) is job
    assert apply(job, PredictionEnded(1, "p1", BEGIN, failure="no_face"), LATER) is job


def test_a_decision_that_was_overtaken_by_news_of_a_slot_is_not_taken():
    job = processing(state=SlotState.SUCCEEDED, prediction_id="p1")
    assert apply(job, OutcomeDecided(JobStatus.FAILED, BEGIN, "timeout", seen=(SlotState.RUNNING,)), LATER) is job
    assert apply(job, OutcomeDecided(JobStatus.FAILED, BEGIN, "timeout", seen=(SlotState.SUCCEEDED,)), LATER).outcome


def test_the_first_outcome_stands():
    decided = apply(processing(), OutcomeDecided(JobStatus.FAILED, BEGIN, "timeout", {"n": 1}), LATER)
    assert apply(decided, OutcomeDecided(JobStatus.COMPLETED, LATER), LATER) is decided
    assert decided.outcome == Outcome(JobStatus.FAILED, BEGIN, "timeout", {"n": 1})


def test_a_wish_to_cancel_comes_too_late_once_the_outcome_is_decided():
    decided = apply(processing(), OutcomeDecided(JobStatus.COMPLETED, BEGIN), LATER)
    assert apply(decided, CancelRequested(), LATER) is decided


def test_a_refusal_of_a_waiting_job_leaves_somebody_to_be_told():
    assert (
        apply(new_job(), OutcomeDecided(JobStatus.FAILED, BEGIN, "daily_quota"), LATER).status is JobStatus.PROCESSING
    )


def test_only_one_may_set_out_to_tell():
    job = replace(processing(), outcome=Outcome(JobStatus.COMPLETED, BEGIN), delivery=OTHER)
    with pytest.raises(EventRefusedError):
        apply(job, DeliveryClaimed(CLAIM), LATER)
    assert apply(job, DeliveryReleased(CLAIM), LATER) is job
    assert apply(job, DeliveryReleased(OTHER), LATER).delivery is None


def test_nothing_is_told_before_it_is_decided():
    for event in (DeliveryClaimed(CLAIM), ResultTold()):
        with pytest.raises(EventRefusedError):
            apply(processing(), event, LATER)


def test_another_end_than_the_decided_one_cannot_be_told():
    job = replace(processing(), outcome=Outcome(JobStatus.FAILED, BEGIN))
    with pytest.raises(EventRefusedError):
        apply(job, ResultTold(), LATER)


def test_postponements_count_and_are_forgotten_when_the_step_is_done():
    first = StepPostponed("create", 0, LATER, "replicate_busy")
    second = replace(first, until=LATER + timedelta(seconds=9))
    job = apply_all(processing(), [first, first, second], LATER)
    assert [(p.attempts, p.until) for p in job.postponed] == [(2, second.until)]
    other = replace(first, until=second.until + timedelta(seconds=1), code="replicate_full")
    assert [(p.attempts, p.code) for p in apply(job, other, LATER).postponed] == [(1, "replicate_full")]
    assert apply(job, StepResumed("create", 1), LATER) is job
    assert apply(job, StepResumed("create", 0), LATER).postponed == ()


def test_only_facts_that_are_cheap_to_lose_are_soft():
    assert {kind for kind in EVENTS if kind.soft} == {StatusShown, StepResumed}


# --- any sequence -----------------------------------------------------------------------------------------------------

claims = st.sampled_from([CLAIM, OTHER])
parts = st.integers(0, 1)
ids = st.sampled_from(["p1", "p2"])
ANY_EVENT = st.one_of(
    st.sampled_from(
        [
            EVENTS[k]
            for k in (Admitted, Announced, StatusShown, CancelRequested, ErasureRequested, StepPostponed, StepResumed)
        ]
    ),
    st.sampled_from([EVENTS[k] for k in (InputStored, ResultTold, FailureTold, CancellationTold)]),
    st.builds(CreateClaimed, parts, claims),
    st.builds(CreateReleased, parts, claims),
    st.builds(PredictionCreated, parts, ids, st.just(BEGIN)),
    st.builds(PredictionEnded, parts, ids, st.just(BEGIN), st.just(("https://x/y",)), st.none() | st.just("no_face")),
    st.builds(OutputArchived, parts, st.just((FILE,))),
    st.builds(SlotFailed, parts, st.just("model_failed"), st.sampled_from(SlotState)),
    st.builds(OutcomeDecided, st.sampled_from([s for s in JobStatus if s.terminal]), st.just(BEGIN)),
    st.builds(DeliveryClaimed, claims),
    st.builds(DeliveryReleased, claims),
)


@settings(max_examples=300, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(st.lists(ANY_EVENT, max_size=40))
def test_no_sequence_of_events_leaves_a_terminal_status_or_undoes_an_end(sequence):
    job = new_job(slots=(Slot(), Slot()))
    for event in sequence:
        before = job
        try:
            job = apply(job, event, LATER)
        except (IllegalTransitionError, EventRefusedError):
            continue
        assert job is before or job != before
        assert not before.status.terminal or job is before or isinstance(event, ErasureRequested)
        assert not before.status.terminal or job.status is before.status
        assert before.outcome is None or job.outcome == before.outcome
        for old, new in zip(before.slots, job.slots, strict=True):
            assert not old.state.ended or new == old
            assert old.prediction_id is None or new.prediction_id == old.prediction_id
        again = TABLE[job.status].get(type(event))
        if again and not isinstance(event, CreateClaimed):
            assert apply(job, event, LATER) is job


def test_the_diagram_shows_every_change_of_status_once():
    lines = diagram().splitlines()
    assert lines[0] == "stateDiagram-v2"
    moves = {(s, to) for s, row in TABLE.items() for to in row.values() if to is not s}
    for status, to in moves:
        assert any(line.strip().startswith(f"{status} --> {to}: ") for line in lines)
    assert len(lines) == len(set(lines))
