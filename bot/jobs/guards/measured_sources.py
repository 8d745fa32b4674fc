"""Downloads that tell a meter how they went: Telegram's files, callers' URLs, Replicate's delivery hosts."""

from functools import partial
from typing import BinaryIO

from bot.jobs.errors import NotDoneError
from bot.jobs.guards.meter import Meter, Timed
from bot.jobs.ports.pictures import OutputSource, PictureSource
from replicate_gateway.errors import GatewayUnavailableError


class MeasuredPictures(PictureSource):
    """The same promises; `party` is who is asked."""

    def __init__(self, source: PictureSource, party: str, meter: Meter) -> None:
        self._source, self._told = source, partial(meter.call_ended, party)

    async def fetch(self, address: str, /, into: BinaryIO, *, max_bytes: int) -> int:
        """See `PictureSource.fetch`."""
        with Timed(self._told, "download", _outcome):
            return await self._source.fetch(address, into, max_bytes=max_bytes)


class MeasuredOutputs(OutputSource):
    """The same promises."""

    def __init__(self, source: OutputSource, meter: Meter) -> None:
        self._source, self._told = source, partial(meter.call_ended, "replicate_delivery")

    async def fetch(self, url: str, into: BinaryIO, *, max_bytes: int) -> int:
        """See `OutputSource.fetch`."""
        with Timed(self._told, "download", _outcome):
            return await self._source.fetch(url, into, max_bytes=max_bytes)


def _outcome(error: Exception) -> str:
    return "unreachable" if isinstance(error, NotDoneError | GatewayUnavailableError) else "refused"
