"""How soon a person sees anything at all, and how soon after the model's end the result, while others are served too.

Real time, in the sandbox: the emulators' own work, which this process does, is in the figures.
"""

import asyncio
import statistics
import time
from collections.abc import Sequence

from benchmarks.pictures import small_photo
from benchmarks.report import Report
from benchmarks.subjects import DARKROOM, Subject, running
from mock_server.replicate.config import MockReplicateConfig
from mock_server.telegram.actors import User
from storage.object_keys import job_id_of

_MODEL_S = (1.0, 3.0)
_MOST_S = 60.0
_WARM_UP = 20


async def measure_feedback(report: Report, *, jobs: int, width: int) -> None:
    """So many jobs, `width` in flight at a time, each of another person."""
    mock = MockReplicateConfig(delay_s=_MODEL_S, rate_limit_creates_per_min=0, rate_limit_requests_per_min=0)
    async with running(DARKROOM, mock=mock) as subject:
        await _flock(subject, _WARM_UP, width)
        seen, delivered = await _flock(subject, jobs, width)
    report.section(f"Waiting for a sign, with {width} jobs in flight", "median, ms", "95 %, ms", "most, ms")
    report.row("from the photo to the first sign (reaction or status)", *_spread(seen))
    report.row("from the model's end to the result in the chat", *_spread(delivered))


async def _flock(subject: Subject, jobs: int, width: int) -> tuple[list[float], list[float]]:
    """Of each job: seconds until something was seen, and seconds from the model's end to the result."""
    places, photo = asyncio.Semaphore(width), small_photo()
    seen: list[float] = []
    delivered: list[float] = []

    async def one() -> None:
        async with places:
            person, sent_at = subject.chat.add_user("Ada"), time.perf_counter()
            photo_message = await person.send_photo(photo)
            await person.until(lambda: photo_message.reactions or person.bot_messages, "sign", _MOST_S)
            seen.append(time.perf_counter() - sent_at)
            await person.expect(photo=True, within=_MOST_S)
            delivered.append(time.time() - _model_ended_at(subject, person, photo_message.message_id))

    await asyncio.gather(*(one() for _ in range(jobs)))
    return seen, delivered


def _model_ended_at(subject: Subject, person: User, message_id: int) -> float:
    """When the prediction of this photo ended, by the clock of the mock, which is ours: its webhook names the job."""
    assert subject.sandbox.telegram
    assert subject.sandbox.replicate
    bot_id = int(subject.sandbox.telegram.bot_token.partition(":")[0])
    job = f"job={job_id_of('telegram', bot_id, person.id, message_id)}"
    for prediction in reversed(subject.sandbox.replicate.control.predictions()):
        subscription = prediction.order.subscription
        if subscription and job in subscription.url and prediction.completed_at:
            return prediction.completed_at
    raise LookupError(f"no prediction has {job}")


def _spread(seconds: Sequence[float]) -> tuple[float, float, float]:
    """Median, 95th percentile and maximum, in milliseconds."""
    ordered = sorted(seconds)
    late = ordered[int(len(ordered) * 0.95)]
    return statistics.median(ordered) * 1000, late * 1000, ordered[-1] * 1000
