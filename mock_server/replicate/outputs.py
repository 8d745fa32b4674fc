"""Results on the mock's delivery host: files on disk behind unguessable URLs that expire."""

import asyncio
import base64
import mimetypes
from dataclasses import dataclass
from pathlib import Path

from mock_server.replicate.clock import MockClock
from mock_server.replicate.prediction import Prediction
from mock_server.replicate.scenario import Scenario
from mock_server.replicate.wire_format import new_token

OUTPUT_PREFIX = "/output/"
HTTPS_ORIGIN, HTTPS_PREFIX = "https://replicate.delivery", "/xezq/"
"""An output that looks like Replicate's own; the mock serves the same path."""


@dataclass(frozen=True, slots=True)
class Output:
    """One result file and how it is to be served."""

    path: Path
    content_type: str
    expires_at: float
    scenario: Scenario


class OutputStore:
    """Result files by the path of their URL."""

    def __init__(self, directory: Path, clock: MockClock, ttl_s: float) -> None:
        """`directory` exists and belongs to this store alone."""
        self._directory = directory
        self._clock = clock
        self._ttl_s = ttl_s
        self._outputs: dict[str, Output] = {}

    def allot(self, prediction: Prediction, number: int, extension: str) -> tuple[str, Path]:
        """A URL for result `number` and the file to write it to; both expire together."""
        order, token = prediction.order, new_token()
        if order.scenario.output == "https":
            origin, url_path = HTTPS_ORIGIN, f"{HTTPS_PREFIX}{token}/out-{number}.{extension}"
        else:
            origin, url_path = order.origin, f"{OUTPUT_PREFIX}{token}/{prediction.id}/{number}.{extension}"
        path = self._directory / f"{prediction.id}-{number}.{extension}"
        content_type = mimetypes.types_map[f".{extension}"]
        expires_at = self._clock() + self._ttl_s
        self._outputs[url_path] = Output(path, content_type, expires_at, order.scenario)
        return origin + url_path, path

    def find(self, url_path: str) -> Output | None:
        """The result at a URL's path, None when unknown or expired."""
        output = self._outputs.get(url_path)
        return None if output is None or self._clock() >= output.expires_at else output

    async def as_data_uri(self, url: str, origin: str) -> str | None:
        """The result at one of our URLs as a data URI, None for anything else, and when unknown or expired."""
        own = next((own for own in (origin, HTTPS_ORIGIN) if url.startswith(f"{own}/")), None)
        output = None if own is None else self.find(url.removeprefix(own))
        if output is None:
            return None
        return await asyncio.to_thread(_data_uri, output)

    def take_expired(self) -> list[Path]:
        """Forgets expired results; the caller removes the files."""
        now, paths = self._clock(), []
        for url_path, output in list(self._outputs.items()):
            if now < output.expires_at:
                break  # kept in the order of their expiry
            paths.append(output.path)
            del self._outputs[url_path]
        return paths

    def expire_all(self) -> list[Path]:
        """Forgets every result at once; the caller removes the files."""
        paths = [output.path for output in self._outputs.values()]
        self._outputs.clear()
        return paths


def remove_files(paths: list[Path]) -> None:
    """Blocking: removes the files that exist."""
    for path in paths:
        path.unlink(missing_ok=True)


def _data_uri(output: Output) -> str:
    return f"data:{output.content_type};base64,{base64.b64encode(output.path.read_bytes()).decode()}"
