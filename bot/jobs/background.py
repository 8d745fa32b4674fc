"""The only place that creates asyncio tasks: none is lost sight of, none fails in silence, all end on stop."""

import asyncio
from collections.abc import Coroutine
from typing import Any

import structlog

_log = structlog.get_logger()


class Background:
    """Tasks that outlive the call that started them."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()

    def spawn(self, work: Coroutine[Any, Any, Any], *, name: str) -> asyncio.Task[Any]:
        """Run it; a failure is logged as `background_failed` with the task's name."""
        task = asyncio.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    async def drain(self, grace_s: float) -> int:
        """Wait for all tasks, then cancel what is left; returns how many had to be canceled."""
        waited = await self._wait(grace_s)
        for task in waited:
            task.cancel()
        if waited:
            await asyncio.wait(waited)
        return len(waited)

    async def _wait(self, grace_s: float) -> set[asyncio.Task[Any]]:
        deadline = asyncio.get_running_loop().time() + grace_s
        while self._tasks:
            left_s = deadline - asyncio.get_running_loop().time()
            if left_s <= 0:
                break
            await asyncio.wait(self._tasks, timeout=left_s)
        return set(self._tasks)

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()):
            _log.error("background_failed", task=task.get_name(), exc_info=error)
