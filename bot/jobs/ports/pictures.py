"""Where pictures come from, and how Replicate gets to see them."""

from typing import BinaryIO, Protocol

from storage.job import InputImage


class PictureSource(Protocol):
    """Where the pictures that people want worked on can be had: Telegram by file id, or the web by URL."""

    async def fetch(self, address: str, /, into: BinaryIO, *, max_bytes: int) -> int:
        """Write the picture into `into`; returns its size in bytes. A try that failed may leave a part of it there.

        Raises:
            NotDoneError: time helps.
            JobFailedError: it is gone (`input_gone`), larger than `max_bytes` (`too_many_bytes`), or must not be
                fetched from there.
        """
        ...


class OutputSource(Protocol):
    """Where results can be fetched: Replicate's delivery hosts, and no others."""

    async def fetch(self, url: str, into: BinaryIO, *, max_bytes: int) -> int:
        """Write the output into `into`; returns its size in bytes.

        Raises:
            replicate_gateway.errors.OutputRefusedError: host, redirect, size or answer are not acceptable.
            replicate_gateway.errors.GatewayUnavailableError: time helps.
        """
        ...


class InputLinks(Protocol):
    """How Replicate gets to see a stored input."""

    async def publish(self, image: InputImage) -> str | None:
        """Upload the input to where Replicate can read it; None when there is nothing to do.

        Raises:
            GatewayError: it could not be uploaded; may be repeated.
            JobFailedError: the input is gone.
        """
        ...

    async def link(self, image: InputImage) -> str:
        """A URL for the prediction's input that works for as long as a prediction may wait.

        Raises:
            JobFailedError: the input is gone.
        """
        ...

    async def trace(self, image: InputImage) -> str:
        """What every link to this input has in it, and no link to another picture: it tells a prediction of ours.

        Raises:
            JobFailedError: the input is gone.
        """
        ...
