"""Results on the mock's delivery host: files on disk behind unguessable URLs that expire."""

import asyncio
import base64
import mimetypes
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from mock_server.replicate.prediction import Prediction
from mock_server.replicate.scenario import Scenario
from mock_server.replicate.wire_format import new_token


@dataclass(frozen=True, slots=True)
class Output:
    """One result file and how it is to be served."""

    path: Path
    content_type: str
    expires_at: float
    scenario: Scenario


class OutputStore:
    """Result files by the path of their URL."""

    def __init__(self, directory: Path, clock: Callable[[], float], ttl_s: float) -> None:
        """`directory` exists and belongs to this store alone."""
        self._directory = directory
        self._clock = clock
        self._ttl_s = ttl_s
        self._outputs: dict[str, Output] = {}

    def allot(self, prediction: Prediction, number: int, extension: str) -> tuple[str, Path]:
        """A URL for result `number` and the file to write it to; both expire together."""
        url_path = f"/output/{new_token()}/{prediction.id}/{number}.{extension}"
        path = self._directory / f"{prediction.id}-{number}.{extension}"
        content_type = mimetypes.types_map[f".{extension}"]
        expires_at = self._clock() + self._ttl_s
        self._outputs[url_path] = Output(path, content_type, expires_at, prediction.order.scenario)
        return prediction.order.origin + url_path, path

    def find(self, url_path: str) -> Output | None:
        """The result at a URL's path, None when unknown or expired."""
        output = self._outputs.get(url_path)
        return None if output is None or self._clock() >= output.expires_at else output

    async def as_data_uri(self, url_path: str) -> str | None:
        """A result as a data URI, None when unknown or expired."""
        output = self.find(url_path)
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
