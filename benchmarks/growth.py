"""Whether the past costs anything: start, sweep, and what people look up, with 0, 10 000 and 100 000 finished jobs.

The jobs are written straight into the directory of the file storage, as the bot leaves them, pictures excepted. A
tenth of them belongs to one person, who shall not wait for it either; /history and the API's list of tasks are
measured by what they ask of the storage.
"""

import asyncio
import tempfile
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from benchmarks.report import Report
from benchmarks.subjects import DARKROOM, running
from storage import object_keys
from storage.file_format import header_for
from storage.files import open_file_store
from storage.job import InputImage, Job, JobFile, JobStatus, Origin, Outcome, Slot, SlotState
from storage.records import HistoryEntry, dump_history, dump_job
from storage.repository import JobRepository

_PEOPLE = 1000
_EAGER = "tg-1"
_ANYBODY = "tg-3"
_EAGER_SHARE = 10  # every so many jobs
_REPEATS = 20
_CARDS, _PAGE = 200, 20  # as much as the chat and the API list at a time
_BEGIN = datetime(2026, 1, 1, tzinfo=UTC)


async def measure_growth(report: Report, numbers: tuple[int, ...]) -> None:
    """One column for each number of finished jobs."""
    measured = []
    for number in numbers:
        with tempfile.TemporaryDirectory(prefix="bench-") as folder:
            _write_finished_jobs(Path(folder), number)
            measured.append(await _start(folder) | await _listings(Path(folder)))
    report.section("Finished jobs in the storage", *(f"{number:,}" for number in numbers))
    for name in measured[0]:
        report.row(name, *(column[name] for column in measured))


async def _start(folder: str) -> dict[str, float]:
    begin = time.perf_counter()
    async with running(DARKROOM, s3=False, DATA_DIR=folder) as subject:
        return {
            "start until ready, s": time.perf_counter() - begin,
            "CPU until ready, s": subject.cpu_s(),
            "memory after start, MB": subject.rss_mb(),
        }


async def _listings(folder: Path) -> dict[str, float]:
    async with open_file_store(folder, public_url="http://localhost", signing_key=b"k" * 32) as store:
        repository = JobRepository(store)

        async def sweep() -> object:
            return [marker async for marker in repository.open_jobs()]

        async def card(user: str) -> object:
            """What `bot.telegram.history_cards` looks up for the newest card."""
            keys = await repository.history_keys(user, limit=_CARDS)
            return [await repository.fresh(found) for key in keys[:1] if (found := object_keys.job_id_in(key))]

        async def page(user: str) -> object:
            """What `bot.jobs.task_board` looks up for a page."""
            rows = await repository.listed(user, limit=_PAGE + 1)
            found = [job_id for row in rows[:_PAGE] if (job_id := object_keys.job_id_of_cursor(row))]
            return await asyncio.gather(*map(repository.fresh, found))

        return {
            "sweep, nothing open, ms": await _median_ms(sweep),
            "/history of one of many, ms": await _median_ms(lambda: card(_ANYBODY)),
            "/history of the eager one, ms": await _median_ms(lambda: card(_EAGER)),
            "API list of one of many, ms": await _median_ms(lambda: page(_ANYBODY)),
            "API list of the eager one, ms": await _median_ms(lambda: page(_EAGER)),
            "quota of the eager one, ms": await _median_ms(
                lambda: repository.done_since(_EAGER, _BEGIN.timestamp(), limit=20)
            ),
        }


async def _median_ms(work: Callable[[], Awaitable[object]]) -> float:
    times = []
    for _ in range(_REPEATS):
        begin = time.perf_counter()
        await work()
        times.append((time.perf_counter() - begin) * 1000)
    return sorted(times)[_REPEATS // 2]


def _write_finished_jobs(folder: Path, number: int) -> None:
    """Unflushed: these need not survive the machine."""
    for index in range(number):
        job = _finished(index)
        assert job.outcome
        entry = HistoryEntry(job.id, job.preset, job.outcome.at, job.inputs[0].key, (job.files[0].key,), (1,))
        _write(folder, object_keys.job(job.id), dump_job(job))
        _write(folder, object_keys.history(job.origin.user, job.outcome.at, job.id), dump_history(entry))
        _write(folder, object_keys.listed(job.origin.user, job.created_at, job.id), b"")


def _write(folder: Path, key: str, body: bytes) -> None:
    path = folder / key
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(header_for(key, "application/json", body) + body)


def _finished(index: int) -> Job:
    at = _BEGIN + timedelta(seconds=index)
    job_id = object_keys.job_id_of("bench", index)
    file = JobFile(object_keys.output_image(job_id, 1, "png"), "image/png", 200_000, width=640, height=480)
    return Job(
        id=job_id,
        origin=Origin(
            _EAGER if index % _EAGER_SHARE == 0 else f"tg-{2 + index % _PEOPLE}", "en", 1, index, None, index
        ),
        preset="restore",
        inputs=(InputImage("f" * 60, 150_000, key=object_keys.input_image(job_id, 0, "jpg")),),
        slots=(Slot(state=SlotState.ARCHIVED, creates=1, prediction_id="p" * 26, files=(file,)),),
        created_at=at,
        updated_at=at,
        deadline=at + timedelta(minutes=30),
        status=JobStatus.COMPLETED,
        outcome=Outcome(JobStatus.COMPLETED, at),
        message_ids=(1,),
    )
