"""Whole jobs, Darkroom and the floor in turn: the ratios hold on a busy machine, where the figures do not."""

import asyncio
import statistics
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass, field

from benchmarks.pictures import small_photo
from benchmarks.report import Report
from benchmarks.subjects import DARKROOM, FLOOR, Subject, running

_WARM_UP = 24
_QUIET_S = 0.3
_MOST_S = 60.0


@dataclass(slots=True)
class Measured:
    """What one subject did, slice by slice."""

    cpu_ms: list[float] = field(default_factory=list)  # per job, of each slice
    sojourn_ms: list[float] = field(default_factory=list)  # from the photo to the result, of each job
    jobs: int = 0


async def measure_jobs(report: Report, *, slices: int, jobs: int, width: int) -> None:
    """`slices` times `jobs` jobs, `width` at a time, by each of the two, turn and turn about."""
    async with AsyncExitStack() as stack:
        subjects = [await stack.enter_async_context(running(command)) for command in (DARKROOM, FLOOR)]
        start_rss = [subject.rss_mb() for subject in subjects]
        measured = [Measured(), Measured()]
        for subject in subjects:
            await _slice(subject, Measured(), _WARM_UP, width)
            subject.s3.requests.clear()
        for _ in range(slices):
            for subject, of in zip(subjects, measured, strict=True):
                await _slice(subject, of, jobs, width)
        cpu = [statistics.median(m.cpu_ms) for m in measured]
        ratio = statistics.median(d / f for d, f in zip(measured[0].cpu_ms, measured[1].cpu_ms, strict=True))
        report.section("Whole jobs", "Darkroom", "floor", "ratio")
        report.compare("CPU per job, ms", *cpu, ratio=ratio)
        report.compare("photo to result, median, ms", *(statistics.median(m.sojourn_ms) for m in measured))
        requests = [s.s3.requests.total() / m.jobs for s, m in zip(subjects, measured, strict=True)]
        report.compare("S3 requests per job", *requests)
        report.compare("memory after start, MB", *start_rss)
        report.compare("memory after all jobs, MB", *(subject.rss_mb() for subject in subjects))
        report.note("S3 requests of a job: " + _by_kind(subjects[0], measured[0].jobs))


async def _slice(subject: Subject, measured: Measured, jobs: int, width: int) -> None:
    photo, places, before = small_photo(), asyncio.Semaphore(width), subject.cpu_s()

    async def one() -> None:
        async with places:
            person, sent = subject.chat.add_user("Ada"), time.perf_counter()
            await person.send_photo(photo)
            await person.expect(photo=True, within=_MOST_S)
            measured.sojourn_ms.append((time.perf_counter() - sent) * 1000)

    await asyncio.gather(*(one() for _ in range(jobs)))
    await _quiet(subject)
    measured.cpu_ms.append((subject.cpu_s() - before) / jobs * 1000)
    measured.jobs += jobs


async def _quiet(subject: Subject) -> None:
    """What a job still does after its result belongs to it."""
    seen = -1
    while seen != subject.s3.requests.total():
        seen = subject.s3.requests.total()
        await asyncio.sleep(_QUIET_S)


def _by_kind(subject: Subject, jobs: int) -> str:
    return ", ".join(f"{kind} {n / jobs:.3g}" for kind, n in subject.s3.requests.most_common() if n / jobs > 0.05)
