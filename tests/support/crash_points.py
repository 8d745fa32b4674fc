"""Where a process may die: before and after each phase of each step, and each call on what the use cases stand on.

Nothing is listed by hand: the steps are those that `bot.jobs.assembly` puts together, the calls are the coroutine
methods of the types that `Dependencies` names. Product code is not touched: the finished objects are wrapped.
"""

import functools
import inspect
import os
import signal
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path
from typing import Any, get_type_hints

from bot.jobs.assembly import Dependencies, JobLimits, assemble
from bot.jobs.steps.step import Step
from storage.event import Event
from storage.repository import JobRepository

BEFORE, AFTER = "before", "after"
ANY = "*"


class CrashPoints:
    """Ends this process by SIGKILL where it was told to.

    `at` names a point (`create.claim.after`), with `#n` the n-th passing of it; `*#n` is the n-th of whatever
    points. `log` gets the name of the point before the end; `trace`, if given, every point that is passed.
    """

    def __init__(self, at: str, log: Path, trace: Path | None = None) -> None:
        self._name, _, number = at.partition("#")
        self._left = int(number or 1)
        self._log, self._trace = log, trace

    def passed(self, name: str) -> None:
        if self._trace:
            _append(self._trace, name)
        if self._name not in (name, ANY):
            return
        self._left -= 1
        if self._left == 0:
            _append(self._log, name)
            os.kill(os.getpid(), signal.SIGKILL)

    @contextmanager
    def around(self, names: Iterable[str]) -> Iterator[None]:
        """Both points of each name; a call that failed has an after, too."""
        names = tuple(names)
        for name in names:
            self.passed(f"{name}.{BEFORE}")
        try:
            yield
        finally:
            for name in names:
                self.passed(f"{name}.{AFTER}")


def step_points() -> list[str]:
    """All points of all steps, in the order of a job's way."""
    return [f"{step.name}.{phase}.{when}" for step in _steps() for phase in phases_of(step) for when in (BEFORE, AFTER)]


def phases_of(step: Step) -> list[str]:
    """What there is of a step: `claim` and `write` are the writes that carry its claim and what it did."""
    own = [phase for phase in ("prepare", "claim", "perform") if getattr(type(step), phase) is not getattr(Step, phase)]
    return [*own, "write"] if "perform" in own else own


def watch(original: Callable[..., Any], points: CrashPoints) -> Callable[..., Any]:
    """`bot.jobs.assembly.assemble`, whose results end the process at the given points."""

    @functools.wraps(original)
    def assembled(*args: Any, **kwargs: Any) -> Any:
        dependencies = next(value for value in (*args, *kwargs.values()) if isinstance(value, Dependencies))
        for party, methods in _calls().items():
            _watch_calls(getattr(dependencies, party), party, methods, points)
        jobs = original(*args, **kwargs)
        owners: dict[int, tuple[Event, str]] = {}
        for step in jobs.steps:
            _watch_step(step, points, owners)
        _watch_writes(dependencies.repository, points, owners)
        return jobs

    return assembled


def _calls() -> dict[str, list[str]]:
    """The coroutine methods of each field of `Dependencies`, by its declared type."""
    hints = get_type_hints(Dependencies)
    return {field.name: _coroutines(hints[field.name]) for field in fields(Dependencies)}


def _coroutines(kind: Any) -> list[str]:
    return [name for name in dir(kind) if not name.startswith("_") and inspect.iscoroutinefunction(getattr(kind, name))]


def _watch_calls(party: Any, name: str, methods: Iterable[str], points: CrashPoints) -> None:
    for method in methods:
        setattr(party, method, _watched(getattr(party, method), f"{name}.{method}", points))


def _watched(call: Callable[..., Any], name: str, points: CrashPoints) -> Callable[..., Any]:
    @functools.wraps(call)
    async def watched(*args: Any, **kwargs: Any) -> Any:
        with points.around([name]):
            return await call(*args, **kwargs)

    return watched


def _watch_step(step: Any, points: CrashPoints, owners: dict[int, tuple[Event, str]]) -> None:
    prepare, claim, perform = step.prepare, step.claim, step.perform

    async def performed(*args: Any) -> Any:
        with points.around([f"{step.name}.perform"]):
            events = await perform(*args)
            owners.update({id(event): (event, f"{step.name}.write") for event in events})
            return events

    def claimed(*args: Any) -> Any:
        event = claim(*args)
        owners[id(event)] = (event, f"{step.name}.claim")
        return event

    step.perform = performed
    if "claim" in phases_of(step):
        step.claim = claimed
    if "prepare" in phases_of(step):
        step.prepare = _watched(prepare, f"{step.name}.prepare", points)


def _watch_writes(repository: JobRepository, points: CrashPoints, owners: dict[int, tuple[Event, str]]) -> None:
    """A write is told by the events in it: a step's events may be written long after it was done."""
    change = repository.change

    async def changed(job_id: str, events: Iterable[Event], now: Any) -> Any:
        events = tuple(events)
        names = dict.fromkeys(owners[id(event)][1] for event in events if id(event) in owners)
        with points.around(names):
            job = await change(job_id, events, now)
        for event in events:
            owners.pop(id(event), None)
        return job

    repository.change = changed  # type: ignore[method-assign]


class _Anything:
    """Stands for whatever the steps are built on: it is only handed in."""

    def __getattr__(self, name: str) -> "_Anything":
        return self

    def __add__(self, other: object) -> "_Anything":
        return self

    def __call__(self, *args: Any, **kwargs: Any) -> "_Anything":
        return self


def _steps() -> tuple[Step, ...]:
    limits = JobLimits(**{field.name: 1 for field in fields(JobLimits)})
    return assemble(limits, Dependencies(**{field.name: _Anything() for field in fields(Dependencies)})).steps


def _append(path: Path, line: str) -> None:
    """In one write, which outlives the process."""
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    try:
        os.write(descriptor, f"{line}\n".encode())
    finally:
        os.close(descriptor)
