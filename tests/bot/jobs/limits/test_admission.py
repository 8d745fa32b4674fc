"""Places per person and for predictions in flight."""

import pytest

from bot.jobs.limits.admission import Admission
from bot.jobs.limits.places import ProcessPlaces
from storage.job import JobStatus, Origin, Outcome, Slot, SlotState
from tests.support.fakes import BEGIN, DirectQueue, FrozenClock, new_job


@pytest.fixture
def queue():
    return DirectQueue(FrozenClock())


def admission(queue, *, per_user: int = 1, predictions: int = 1) -> Admission:
    return Admission(
        people=ProcessPlaces(per_user), keys=ProcessPlaces(1), predictions=ProcessPlaces(predictions), queue=queue
    )


def processing(number: int, *states: SlotState, **changes):
    return new_job(number, status=JobStatus.PROCESSING, slots=tuple(Slot(state=s) for s in states), **changes)


async def test_the_next_job_of_a_person_is_nudged_when_one_ends(queue):
    places = admission(queue)
    first, second = new_job(1), new_job(2)
    assert await places.admit_job(first)
    assert not await places.admit_job(second)
    await places.settle(new_job(1, status=JobStatus.COMPLETED))
    assert [job for job, _ in queue.nudges] == [second.id]
    assert await places.admit_job(second)
    assert await places.jobs_of("tg-7") == 1


async def test_the_place_in_either_line_is_known(queue):
    places = admission(queue)
    for number in (1, 2, 3):
        await places.admit_job(new_job(number))
        await places.admit_prediction(new_job(number), 0)
    assert [await places.place_among_own(new_job(number)) for number in (1, 2, 3)] == [None, 1, 2]
    assert [await places.place_among_all(new_job(number), 0) for number in (1, 2, 3)] == [None, 1, 2]
    assert await places.place_among_all(new_job(2), 1) is None


async def test_a_job_that_goes_on_keeps_its_place(queue):
    places = admission(queue)
    await places.admit_job(new_job(1))
    await places.admit_job(new_job(2))
    await places.settle(processing(1, SlotState.RUNNING))
    assert queue.nudges == []


@pytest.mark.parametrize("state", [SlotState.SUCCEEDED, SlotState.ARCHIVED, SlotState.FAILED])
async def test_a_prediction_that_ended_gives_its_place_to_the_next(queue, state):
    places = admission(queue)
    assert await places.admit_prediction(new_job(1), 0)
    assert not await places.admit_prediction(new_job(2), 3)
    await places.settle(processing(1, state))
    assert [job for job, _ in queue.nudges] == [new_job(2).id]


@pytest.mark.parametrize("state", [SlotState.OPEN, SlotState.CLAIMED, SlotState.RUNNING])
async def test_a_decided_job_needs_no_prediction_any_more(queue, state):
    places = admission(queue)
    await places.admit_prediction(new_job(1), 0)
    await places.settle(processing(1, state))
    assert not await places.admit_prediction(new_job(2), 0)
    await places.settle(processing(1, state, outcome=Outcome(JobStatus.CANCELED, BEGIN)))
    assert await places.admit_prediction(new_job(2), 0)


async def test_after_a_restart_jobs_take_their_places_again_whatever_the_limits(queue):
    places = admission(queue)
    for number in (1, 2):
        await places.resume(processing(number, SlotState.RUNNING, SlotState.CLAIMED, SlotState.OPEN))
    assert await places.jobs_of("tg-7") == 2
    assert not await places.admit_prediction(new_job(3), 0)
    assert not await places.admit_prediction(new_job(1), 2), "an open slot has no place yet"


async def test_a_waiting_job_holds_no_place(queue):
    places = admission(queue)
    await places.resume(new_job(1))
    assert await places.jobs_of("tg-7") == 0


async def test_a_job_whose_record_is_gone_gives_everything_back(queue):
    places = admission(queue)
    await places.resume(processing(1, SlotState.RUNNING))
    await places.admit_prediction(new_job(2), 0)
    await places.admit_job(new_job(3))
    await places.forget(new_job(1).id)
    assert {job for job, _ in queue.nudges} == {new_job(2).id, new_job(3).id}
    assert await places.jobs_of("tg-7") == 0


async def test_api_keys_have_places_of_their_own(queue):
    places = admission(queue, per_user=2)
    jobs = [new_job(number, origin=Origin(user, "en")) for number, user in enumerate(("tg-1", "api-1", "api-1"))]
    assert [await places.admit_job(job) for job in jobs] == [True, True, False]
    assert await places.open_jobs_of("api-1") == [jobs[1].id, jobs[2].id]
    await places.forget(jobs[1].id)
    assert queue.nudges == [(jobs[2].id, 0.0)]
