"""Several parts of a step at a time, none of which may take the others down with it."""

import asyncio
from collections.abc import AsyncGenerator, Coroutine, Iterable, Mapping, Sequence
from typing import Any, TypeVar

T = TypeVar("T")


async def together(work: Sequence[Coroutine[Any, Any, T]]) -> list[T | BaseException]:
    """The result, or the error, of each; a single one needs no task of its own."""
    if len(work) != 1:
        return await asyncio.gather(*work, return_exceptions=True)
    try:
        return [await work[0]]
    except Exception as error:  # noqa: BLE001 - `results_of` raises it again
        return [error]


async def as_they_end(work: Sequence[Coroutine[Any, Any, T]]) -> AsyncGenerator[Mapping[int, T | BaseException], None]:
    """The results, or errors, of those that have ended since, by their place; close it to stop the others."""
    if len(work) == 1:
        yield dict(enumerate(await together(work)))
        return
    tasks = [asyncio.create_task(one) for one in work]
    left = set(tasks)
    try:
        while left:
            ended, left = await asyncio.wait(left, return_when=asyncio.FIRST_COMPLETED)
            yield {place: _end_of(task) for place, task in enumerate(tasks) if task in ended}
    finally:
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)


def results_of(outcomes: Iterable[T | BaseException]) -> list[T]:
    """All results; raises the first error."""
    results = []
    for outcome in outcomes:
        if isinstance(outcome, BaseException):
            raise outcome
        results.append(outcome)
    return results


def _end_of(task: asyncio.Task[T]) -> T | BaseException:
    if task.cancelled():
        return asyncio.CancelledError()
    return task.exception() or task.result()
