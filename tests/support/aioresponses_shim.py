"""`aioresponses` for aiohttp 3.14: its answers lack an argument that `ClientResponse` has come to demand.

aioresponses 0.7.9 builds a response without `stream_writer`; aiohttp asks that for the size of the request it sent.
And it feeds the whole body at once: above 128 KiB the reader would then ask a connection, which is not there, to pause.
"""

import sys
from typing import Any

from aiohttp import ClientResponse, StreamReader
from aioresponses import aioresponses


class _NothingSent:
    output_size = 0


class MockedResponse(ClientResponse):
    """A response whose request was never sent."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"stream_writer": _NothingSent(), **kwargs})

    @property
    def content(self) -> StreamReader:  # type: ignore[override]  # a plain attribute there
        return self._content

    @content.setter
    def content(self, reader: StreamReader) -> None:
        reader._high_water = sys.maxsize
        self._content = reader


class MockedResponses(aioresponses):
    """Answers for every `aiohttp.ClientSession` in the block; what nothing was prepared for is refused."""

    def add(self, *args: Any, **kwargs: Any) -> None:
        super().add(*args, **{"response_class": MockedResponse, **kwargs})
