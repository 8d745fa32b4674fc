"""What is never done in one job's life more often than its budget allows, though the fault lasts for ever."""

import pytest

from bot.jobs.errors import NotDoneError, OutcomeUnknownError
from replicate_gateway import errors as gateway
from storage.job import JobStatus
from tests.support.fakes import World, submission

ASKED = submission(seeds=(1, 2))
JOB = ASKED.job_id
HOUR = 3600.0
FOR_EVER = 10**9

# Calls that are made only after the answer of another one was lost, and those for which the predictions must not end.
LOST_BEFORE = {"replicate.recent": ["replicate.create"], "chat.edit_into_outcome": ["chat.send_outcome"]}
RUNS_ON = {"replicate.get", "replicate.recent", "chat.announce"}

BUSY = gateway.GatewayBusyError("slow down", retry_after_s=10)
LOST = gateway.OutcomeUnknownError("no answer")
UNREACHABLE = gateway.GatewayUnreachableError("refused")
UNAVAILABLE = gateway.GatewayUnavailableError("bad gateway", status=502)
REFUSED = gateway.CredentialsRefusedError("no", status=403)
GONE = gateway.OutputRefusedError("output_gone", status=404)
TELEGRAM_DOWN = NotDoneError("telegram_unreachable")
TELEGRAM_BUSY = NotDoneError("telegram_busy", retry_after_s=3)
NO_ANSWER = OutcomeUnknownError("no answer")
OURS = RuntimeError("a mistake")

# The call, how it always fails, how many hours until the job's end, and the most calls until then (for two images).
BUDGETS = [
    ("photos.fetch", TELEGRAM_DOWN, 1, 100),
    ("photos.fetch", OURS, 1, 3),
    ("replicate.create", UNREACHABLE, 1, 200),
    ("replicate.create", BUSY, 1, 150),
    ("replicate.create", LOST, 1, 20),
    ("replicate.create", OURS, 1, 6),
    ("replicate.recent", UNAVAILABLE, 1, 100),
    ("replicate.recent", REFUSED, 1, 100),
    ("replicate.get", UNAVAILABLE, 2, 60),
    ("replicate.get", REFUSED, 2, 60),
    ("outputs.fetch", UNAVAILABLE, 2, 500),
    ("outputs.fetch", GONE, 2, 6),
    ("outputs.fetch", OURS, 2, 6),
    ("chat.announce", TELEGRAM_DOWN, 2, 250),
    ("chat.announce", TELEGRAM_BUSY, 2, 250),
    ("chat.announce", OURS, 2, 6),
    ("chat.send_outcome", TELEGRAM_DOWN, 26, 200),
    ("chat.send_outcome", TELEGRAM_BUSY, 26, 200),
    ("chat.send_outcome", NO_ANSWER, 26, 1),
    ("chat.send_outcome", OURS, 26, 1),
    ("chat.edit_into_outcome", TELEGRAM_DOWN, 26, 200),
    ("chat.edit_into_outcome", OURS, 26, 3),
    ("chat.retract_status", TELEGRAM_DOWN, 1, 15),
    ("chat.retract_status", OURS, 1, 1),
    ("replicate.cancel", UNAVAILABLE, 1, 30),
    ("replicate.cancel", REFUSED, 1, 30),
]


@pytest.mark.parametrize(
    ("call", "error", "hours", "most"), BUDGETS, ids=[f"{call}-{error!r}" for call, error, _, _ in BUDGETS]
)
async def test_a_fault_that_lasts_for_ever_is_met_so_often_and_then_the_job_ends(
    world, process, call, error, hours, most
):
    world.faults.fail(call, error, times=FOR_EVER)
    for lost in LOST_BEFORE.get(call, ()):
        world.faults.fail(lost, NO_ANSWER if lost.startswith("chat") else LOST, when="after")
    await process.submit(ASKED)
    await process.run_ready()
    if call == "replicate.cancel":
        await process.service.cancel(JOB, "tg-7")
    elif call not in RUNS_ON:
        for prediction_id in world.replicate.running:
            world.replicate.succeed(prediction_id)
        await process.deliver_callbacks()
    await process.run_for(hours * HOUR)
    assert 1 <= world.faults.calls[call] <= most
    assert world.job(JOB).status.terminal
    assert world.is_closed(JOB)
    assert process.queue.due == {}


async def test_while_telegram_is_away_for_a_day_the_storage_is_not_worn_out_by_a_result_that_waits():
    """Each attempt reads the result back and writes the record twice."""
    world = World()
    process = world.start()
    await process.submit(ASKED)
    await process.run_ready()
    world.faults.fail("chat.send_outcome", TELEGRAM_DOWN, times=FOR_EVER)
    for prediction_id in world.replicate.running:
        world.replicate.succeed(prediction_id)
    await process.deliver_callbacks()
    await process.run_for(HOUR)
    waits_at_most = (process.queue.next_at - world.clock.now()).total_seconds()
    assert waits_at_most < 300, "an hour's outage costs its people minutes"
    await process.run_for(22 * HOUR)
    assert world.faults.calls["store.stream"] < 400
    assert world.faults.calls["store.put"] < 1000
    world.faults.stop()
    await process.run_for(2 * HOUR)
    assert world.job(JOB).status is JobStatus.COMPLETED
    assert world.chat.pings(JOB) == 1
