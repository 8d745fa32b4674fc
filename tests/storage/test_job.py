"""Jobs and their JSON."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from storage.errors import RecordCorruptError, RecordTooNewError
from storage.job import (
    Claim,
    InputImage,
    Job,
    JobFile,
    JobStatus,
    Origin,
    Outcome,
    Postponement,
    Report,
    Slot,
    SlotState,
)
from storage.records import (
    HistoryEntry,
    TaskRecord,
    dump_history,
    dump_job,
    dump_task,
    load_history,
    load_job,
    load_task,
)
from storage.wishes import AlbumUse, Delivery, Question, Wishes
from tests.support.fakes import new_job

PLAIN = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
WHOLE = st.integers(-(2**53), 2**53)
MOMENTS = st.integers(0, 2**52).map(lambda us: datetime(2000, 1, 1, tzinfo=UTC) + timedelta(microseconds=us))
FACTS = st.dictionaries(PLAIN, st.one_of(PLAIN, WHOLE, st.floats(allow_nan=False, allow_infinity=False)), max_size=3)


def maybe(strategy):
    return st.none() | strategy


def tuples(strategy):
    return st.lists(strategy, max_size=3).map(tuple)


CLAIMS = st.builds(Claim, PLAIN, MOMENTS)
FILES = st.builds(
    JobFile,
    PLAIN,
    PLAIN,
    WHOLE,
    WHOLE,
    PLAIN,
    maybe(WHOLE),
    maybe(WHOLE),
    st.booleans(),
    maybe(PLAIN),
    maybe(PLAIN),
    seed=maybe(WHOLE),
    message_id=maybe(WHOLE),
    file_id=maybe(PLAIN),
)
SLOTS = st.builds(
    Slot,
    seed=maybe(WHOLE),
    state=st.sampled_from(SlotState),
    creates=WHOLE,
    claim=maybe(CLAIMS),
    prediction_id=maybe(PLAIN),
    heard_at=maybe(MOMENTS),
    output=tuples(PLAIN),
    predict_time_s=maybe(st.floats(0, 1e9)),
    failure=maybe(PLAIN),
    files=tuples(FILES),
    inputs=tuples(WHOLE),
    facts=FACTS,
)
WISHES = st.builds(Wishes, WHOLE, maybe(st.sampled_from(AlbumUse)), tuples(st.sampled_from(Question)), st.booleans())
ORIGINS = st.builds(
    Origin, PLAIN, PLAIN, maybe(WHOLE), maybe(WHOLE), maybe(WHOLE), maybe(WHOLE), st.sampled_from(Delivery)
)
INPUTS = st.builds(InputImage, PLAIN, maybe(WHOLE), st.booleans(), maybe(PLAIN), message_id=maybe(WHOLE))
JOBS = st.builds(
    Job,
    id=PLAIN,
    origin=ORIGINS,
    preset=PLAIN,
    inputs=tuples(INPUTS),
    slots=tuples(SLOTS),
    created_at=MOMENTS,
    updated_at=MOMENTS,
    deadline=MOMENTS,
    status=st.sampled_from(JobStatus),
    prompt=PLAIN,
    status_message_id=maybe(WHOLE),
    status_shown=PLAIN,
    cancel_requested=st.booleans(),
    outcome=maybe(st.builds(Outcome, st.sampled_from(JobStatus), MOMENTS, maybe(PLAIN), FACTS)),
    delivery=maybe(CLAIMS),
    wishes=WISHES,
    album=maybe(PLAIN),
    gathering_until=maybe(MOMENTS),
    joins=maybe(PLAIN),
    message_ids=tuples(WHOLE),
    handed=WHOLE,
    report=maybe(st.builds(Report, maybe(PLAIN), maybe(PLAIN), st.booleans())),
    postponed=tuples(st.builds(Postponement, PLAIN, WHOLE, MOMENTS, WHOLE, PLAIN)),
)
QUICK = settings(max_examples=100, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))


@QUICK
@given(JOBS)
def test_a_job_comes_back_from_its_json_as_it_was(job):
    assert load_job(dump_job(job), "x") == job


@QUICK
@given(st.builds(TaskRecord, PLAIN, PLAIN, WHOLE, maybe(WHOLE), MOMENTS))
def test_a_task_record_comes_back_as_it_was(task):
    assert load_task(dump_task(task), "p1") == task


@QUICK
@given(st.builds(HistoryEntry, PLAIN, PLAIN, MOMENTS, maybe(PLAIN), tuples(PLAIN), tuples(WHOLE)))
def test_a_history_entry_comes_back_as_it_was(entry):
    assert load_history(dump_history(entry), "history/x") == entry


def test_the_version_stands_first_and_defaults_are_left_out():
    body = dump_job(new_job())
    assert body.startswith(b'{"v":1,')
    assert b"status_message_id" not in body
    assert b"postponed" not in body


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b"{}",
        b'{"v":1}',
        b"\xff",
        dump_job(new_job())[:-1],
        dump_job(new_job()).replace(b"edit", b"")[1:],
    ],
)
def test_what_is_no_job_is_corrupt(body):
    with pytest.raises(RecordCorruptError):
        load_job(body, "x")


def test_a_record_of_another_version_is_not_guessed_at():
    with pytest.raises(RecordTooNewError):
        load_job(dump_job(new_job()).replace(b'"v":1', b'"v":2'), "x")


def test_an_unknown_status_is_corrupt():
    with pytest.raises(RecordCorruptError):
        load_job(dump_job(new_job(status=JobStatus.FAILED)).replace(b'"failed"', b'"lost"'), "x")


def test_the_error_names_the_place_but_not_the_content():
    body = dump_job(new_job(prompt="a secret wish")).replace(b'"slots":[', b'"slots":["a secret wish",')
    with pytest.raises(RecordCorruptError) as caught:
        load_job(body, "x")
    assert "slots" in str(caught.value)
    assert "secret" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_times_in_other_zones_are_the_same_moment():
    there = datetime(2026, 1, 1, 12, tzinfo=timezone(timedelta(hours=3)))
    assert load_job(dump_job(new_job(deadline=there)), "x").deadline == there


@pytest.mark.parametrize(
    ("status", "terminal"), [(s, s.value in ("completed", "failed", "canceled")) for s in JobStatus]
)
def test_terminal_statuses(status, terminal):
    assert status.terminal is terminal


@pytest.mark.parametrize(("state", "ended"), [(s, s.value in ("archived", "failed")) for s in SlotState])
def test_slots_that_have_ended(state, ended):
    assert state.ended is ended


def test_files_are_listed_in_the_order_of_the_slots():
    one, two = JobFile("a", "image/png", 1), JobFile("b", "image/png", 1)
    assert new_job(slots=(Slot(files=(one,)), Slot(), Slot(files=(two,)))).files == (one, two)


def test_with_slot_and_with_input_change_one_place_only():
    job = new_job(slots=(Slot(seed=1), Slot(seed=2)), inputs=(InputImage("a"), InputImage("b")))
    assert [s.seed for s in job.with_slot(1, Slot(seed=9)).slots] == [1, 9]
    assert [i.file_id for i in job.with_input(0, InputImage("z")).inputs] == ["z", "b"]
    assert [s.seed for s in job.slots] == [1, 2]


def test_a_postponement_is_found_by_step_and_part():
    wait = Postponement("create", 1, datetime(2026, 1, 1, tzinfo=UTC), 1, "replicate_busy")
    job = new_job(postponed=(wait,))
    assert job.postponement("create", 1) is wait
    assert job.postponement("create", 0) is None
    assert job.postponement("poll", 1) is None


def test_the_code_to_quote_is_short():
    assert new_job().code == new_job().id[:8]


def test_a_record_from_before_albums_and_reports_reads_as_what_it_was():
    """As version 0.1.0 wrote it in the middle of telling."""
    old = (
        b'{"v":1,"id":"9ef2c1a7-00b3-51aa-8eff-8ef0e0fcfbb5","origin":{"user":"tg-7","locale":"en","chat_id":7,'
        b'"message_id":1},"preset":"restore","inputs":[{"file_id":"f","key":"images/input/x.jpg"}],"slots":[{"seed":5,'
        b'"state":"archived","creates":1,"prediction_id":"p1","files":[{"key":"images/output/x/1.png","content_type":'
        b'"image/png","size":3}]}],"created_at":"2026-11-21T12:00:00Z","updated_at":"2026-11-21T12:00:00Z","deadline":'
        b'"2026-11-21T12:30:00Z","status":"processing","status_message_id":9,"outcome":{"status":"completed","at":'
        b'"2026-11-21T12:00:05Z"},"delivery":{"by":"me","at":"2026-11-21T12:00:05Z"}}'
    )
    job = load_job(old, "x")
    assert (job.draft, job.handed, job.wishes, job.report) == (False, 0, Wishes(), None)
    assert job.inputs_of(job.slots[0]) == (0,)
    assert len(job.files) == 1


def test_what_a_slot_works_on():
    job = new_job(inputs=(InputImage("a"), InputImage("b"), InputImage("c")))
    assert job.inputs_of(Slot()) == (0, 1, 2)
    assert job.inputs_of(Slot(inputs=(0, 2))) == (0, 2)


def test_a_picture_is_known_by_its_message():
    job = new_job(inputs=(InputImage("a", message_id=5),))
    assert job.has_input(InputImage("another name for it", message_id=5))
    assert not job.has_input(InputImage("a", message_id=6))
