"""Runs the checks: at once where they do not need each other, none longer than its time, none ever raising."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

import structlog

from bot.doctor.context import Context
from bot.doctor.finding import Finding, Part, State

# Longer than any single call below has, so that those can say themselves what did not answer.
LIMIT_S = 20.0

_UNUSABLE = frozenset({State.FAILED, State.SKIPPED})

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Check:
    """One row of the table of checks."""

    part: Part
    run: Callable[[Context], Awaitable[Finding | list[Finding]]]
    needs: Part | None = None
    """Without this part, which comes earlier in the table, there is nothing to examine."""
    limit_s: float = LIMIT_S


async def examine(checks: Sequence[Check], context: Context) -> list[Finding]:
    """The findings in the order of `checks`."""
    tasks: dict[Part, asyncio.Task[list[Finding]]] = {}
    async with asyncio.TaskGroup() as group:
        for check in checks:
            needed = tasks[check.needs] if check.needs else None
            tasks[check.part] = group.create_task(_findings(check, context, needed))
    return [finding for task in tasks.values() for finding in task.result()]


async def _findings(check: Check, context: Context, needed: asyncio.Task[list[Finding]] | None) -> list[Finding]:
    if needed and (missing := [one for one in await needed if one.state in _UNUSABLE]):
        return [check.part.skipped(f"not examined, because {missing[0].name} {_ending(missing[0].state)}")]
    try:
        async with asyncio.timeout(check.limit_s):
            found = await check.run(context)
    except TimeoutError:
        fix = "try again; if that does not help, look at the network and at the load of the other side"
        return [check.part.failed(f"no result within {check.limit_s:g} s", fix)]
    except Exception as error:  # noqa: BLE001 - one broken check must not hide what the others found
        _log.exception("check_crashed", check=check.part.name)  # the log redacts
        fix = "please report the log line above: the doctor itself is at fault"
        return [check.part.failed(f"the examination broke off with {type(error).__name__}", fix)]
    return found if isinstance(found, list) else [found]


def _ending(state: State) -> str:
    return "failed" if state is State.FAILED else "could not be examined"
