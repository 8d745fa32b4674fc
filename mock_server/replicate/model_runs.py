"""Runs a model on its input: pictures in, result files or pieces of text out; painting in a few threads, never on
the loop.
"""

import asyncio
import os
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from mock_server.replicate.inputs import InputError, InputReader, picture_uris, prompt_of
from mock_server.replicate.models.spec import Family, ModelSpec, OutputShape
from mock_server.replicate.outputs import OutputStore, remove_files
from mock_server.replicate.pictures.describing import answer, pieces_of
from mock_server.replicate.pictures.order import Options, PaintOrder, PictureError, PictureFormat
from mock_server.replicate.pictures.painting import paint
from mock_server.replicate.prediction import Prediction
from mock_server.replicate.scenario_reading import MAGIC_TEXT

PAINTING_THREADS = max(1, min(2, (os.cpu_count() or 1) - 1))
"""Leaves the event loop a core of its own: painting releases the interpreter, not the processor."""
RUNS_AT_ONCE = 32
"""How many runs may hold pictures in memory; the others wait in `processing`."""
MOST_OUTPUTS = 15
EMPTY_HANDED = frozenset({Family.EDIT, Family.GENERIC, Family.TEXT})
"""Families that need no picture."""
FORMATS: dict[Any, PictureFormat] = {"jpg": "jpg", "jpeg": "jpg", "png": "png", "webp": "webp"}

Made = TypeVar("Made")


class ModelFailure(Exception):  # noqa: N818 -- what the API calls it is failed
    """The model cannot do it; the text becomes the prediction's error."""


class ModelRunner:
    """Makes the outputs of predictions."""

    def __init__(self, inputs: InputReader, outputs: OutputStore) -> None:
        """Owns its threads until closed."""
        self._inputs = inputs
        self._outputs = outputs
        self._slots = asyncio.Semaphore(RUNS_AT_ONCE)
        self._threads = ThreadPoolExecutor(PAINTING_THREADS, "mock-replicate-painter")

    async def run(self, prediction: Prediction) -> list[str]:
        """The outputs, in order: URLs, or the pieces of a text.

        Raises:
            ModelFailure: an input cannot be fetched or decoded.
        """
        model, model_input = prediction.order.target.model, prediction.order.model_input
        async with self._slots:
            try:
                uris = picture_uris(model, model_input)
                if not uris and model.family not in EMPTY_HANDED:
                    raise ModelFailure("No input image was given")
                pictures = tuple([await self._inputs.read(uri) for uri in uris])
                if prediction.order.shape is OutputShape.TEXT:
                    return await self._write(model, model_input, pictures)
                return await self._paint_all(prediction, pictures)
            except (InputError, PictureError) as error:
                raise ModelFailure(str(error)) from error

    async def remove(self, files: list[Path]) -> None:
        """Deletes result files off the loop."""
        await self._in_thread(partial(remove_files, files))

    async def close(self) -> None:
        """Waits for the pictures being painted; those not begun are dropped."""
        await asyncio.to_thread(partial(self._threads.shutdown, wait=True, cancel_futures=True))

    async def inlined(self, prediction: Prediction, url: str) -> str:
        """The output at `url` as a data URI; anything that is no live output of ours unchanged."""
        return await self._outputs.as_data_uri(url, prediction.order.origin) or url

    async def _write(self, model: ModelSpec, model_input: Mapping[str, Any], pictures: tuple[bytes, ...]) -> list[str]:
        prompt = MAGIC_TEXT.sub("", prompt_of(model_input)).strip()
        text = await self._in_thread(partial(answer, model.full_name, prompt, pictures))
        most = model_input.get("max_completion_tokens")
        return pieces_of(text, most if isinstance(most, int) and most > 0 else None)

    async def _paint_all(self, prediction: Prediction, pictures: tuple[bytes, ...]) -> list[str]:
        urls = []
        for number in range(output_count(prediction.order.target.model, prediction.order.model_input)):
            order = _paint_order(prediction, pictures, prediction.seed + number)
            url, path = self._outputs.allot(prediction, number, order.picture_format)
            await self._in_thread(partial(paint, order, path))
            if prediction.order.scenario.output == "data_uri":
                url = await self.inlined(prediction, url)
            urls.append(url)
        return urls

    async def _in_thread(self, work: Callable[[], Made]) -> Made:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)


def output_count(model: ModelSpec, model_input: Mapping[str, Any]) -> int:
    """How many pictures the input asks for."""
    if model.known and model.output is not OutputShape.LIST:
        return 1
    if model_input.get("sequential_image_generation", "disabled") == "disabled" and model.known:
        return 1
    asked = model_input.get("max_images", model_input.get("num_outputs", 1))
    usable = isinstance(asked, int) and not isinstance(asked, bool)
    return max(1, min(asked, MOST_OUTPUTS)) if usable else 1


def _paint_order(prediction: Prediction, pictures: tuple[bytes, ...], seed: int) -> PaintOrder:
    model = prediction.order.target.model
    seen = model.with_defaults(prediction.order.model_input)
    asked = seen.get("output_format") or seen.get("format")
    return PaintOrder(
        family=model.family,
        label=model.name,
        pictures=pictures,
        options=Options(seen),
        prompt=MAGIC_TEXT.sub("", prompt_of(seen)).strip(),
        seed=seed,
        picture_format=FORMATS.get(asked, model.picture_format) if isinstance(asked, str) else model.picture_format,
    )
