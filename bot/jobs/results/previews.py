"""A small picture of what a model has made so far, for the status message.

A model of several pictures shows its first ones while it still runs. They are looked at and not kept: the results are
fetched when the prediction has ended, and a picture that cannot be had now is not worth waiting for.
"""

import asyncio
from concurrent.futures import Executor
from functools import partial
from typing import BinaryIO

import structlog

from bot.jobs.images import ImageRefusedError, inspect_output, preview_jpeg
from bot.jobs.limits.byte_budget import ByteBudget
from bot.jobs.ports.pictures import OutputSource
from bot.jobs.results.artifacts import new_spool
from replicate_gateway.errors import GatewayError

_MAX_BYTES = 20_000_000
_BYTES_PER_PIXEL = 4  # decoded
# The job stands still meanwhile, and its results may have come.
_PATIENCE_S = 5.0
_MAX_SIDE = 800

_log = structlog.get_logger()


class Previews:
    """Fetched from where results may be fetched, and from nowhere else; decoded as they are."""

    def __init__(self, outputs: OutputSource, budget: ByteBudget, executor: Executor) -> None:
        self._outputs, self._budget, self._executor = outputs, budget, executor

    async def of(self, url: str) -> bytes | None:
        """A JPEG of the picture at this URL; None where it cannot be had, or not in time."""
        try:
            async with asyncio.timeout(_PATIENCE_S):
                with new_spool() as spool:
                    return await self._small(url, spool)
        except (GatewayError, ImageRefusedError, TimeoutError) as error:
            _log.info("partial_result_not_shown", reason=type(error).__name__)
            return None

    async def _small(self, url: str, spool: BinaryIO) -> bytes:
        loop = asyncio.get_running_loop()
        size = await self._outputs.fetch(url, spool, max_bytes=_MAX_BYTES)
        image = inspect_output(spool, size)
        async with self._budget.reserve(_BYTES_PER_PIXEL * image.width * image.height):
            return await loop.run_in_executor(self._executor, partial(preview_jpeg, spool, max_side=_MAX_SIDE))
