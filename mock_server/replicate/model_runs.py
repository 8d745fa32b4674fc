"""Runs a model on its input: pictures in, result files out; painting in a few threads, never on the loop."""

import asyncio
import os
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

from mock_server.replicate.images import LARGEST_SCALE, PaintOrder, PictureError, paint
from mock_server.replicate.inputs import InputError, InputReader, picture_uris, prompt_of
from mock_server.replicate.model_spec import Family, ModelSpec, OutputShape
from mock_server.replicate.outputs import OutputStore, remove_files
from mock_server.replicate.prediction import Prediction
from mock_server.replicate.scenario import MAGIC_TEXT

PAINTING_THREADS = max(1, min(2, (os.cpu_count() or 1) - 1))
"""Leaves the event loop a core of its own: painting releases the interpreter, not the processor."""
RUNS_AT_ONCE = 32
"""How many runs may hold pictures in memory; the others wait in `processing`."""
DEFAULT_SCALES = {"codeformer": 2.0, "gfpgan": 2.0, "real-esrgan": 4.0}
MOST_OUTPUTS = 15
EMPTY_HANDED = frozenset({Family.EDIT, Family.GENERIC})
"""Families that make a picture from a prompt alone."""


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
        if model.family is Family.TEXT:
            return _text_pieces(model, model_input)
        async with self._slots:
            try:
                uris = picture_uris(model, model_input)
                if not uris and model.family not in EMPTY_HANDED:
                    raise ModelFailure("No input image was given")
                pictures = tuple([await self._inputs.read(uri) for uri in uris])
                return await self._paint_all(prediction, pictures)
            except (InputError, PictureError) as error:
                raise ModelFailure(str(error)) from error

    async def remove(self, prediction_files: list[Any]) -> None:
        """Deletes result files off the loop."""
        await asyncio.get_running_loop().run_in_executor(self._threads, remove_files, prediction_files)

    async def close(self) -> None:
        """Waits for the pictures being painted; those not begun are dropped."""
        await asyncio.to_thread(partial(self._threads.shutdown, wait=True, cancel_futures=True))

    async def _paint_all(self, prediction: Prediction, pictures: tuple[bytes, ...]) -> list[str]:
        loop, urls = asyncio.get_running_loop(), []
        for number in range(_output_count(prediction)):
            order = _paint_order(prediction, pictures, prediction.seed + number)
            url, path = self._outputs.allot(prediction, number, order.picture_format)
            await loop.run_in_executor(self._threads, paint, order, path)
            if prediction.order.scenario.output == "data_uri":
                url = await self.inlined(prediction, url)
            urls.append(url)
        return urls

    async def inlined(self, prediction: Prediction, url: str) -> str:
        """The output at `url` as a data URI; anything that is no live output of ours unchanged."""
        origin = prediction.order.origin
        if not url.startswith(f"{origin}/output/"):
            return url
        return await self._outputs.as_data_uri(url.removeprefix(origin)) or url


def _paint_order(prediction: Prediction, pictures: tuple[bytes, ...], seed: int) -> PaintOrder:
    model, model_input = prediction.order.target.model, prediction.order.model_input
    asked = model_input.get("output_format") or model_input.get("format") or model.picture_format
    transparent = model.family is Family.CUTOUT
    return PaintOrder(
        family=model.family,
        label=model.name,
        pictures=pictures,
        prompt=MAGIC_TEXT.sub("", prompt_of(model_input)),
        seed=seed,
        scale=_scale(model, model_input),
        background=str(model_input.get("background_type", "rgba")),
        picture_format="jpg" if asked in ("jpg", "jpeg") and not transparent else "png",
    )


def _scale(model: ModelSpec, model_input: dict[str, Any]) -> float:
    asked = model_input.get("upscale", model_input.get("scale"))
    if not isinstance(asked, (int, float)) or isinstance(asked, bool):
        return DEFAULT_SCALES.get(model.name, 1.0)
    return float(max(1, min(asked, LARGEST_SCALE)))


def _output_count(prediction: Prediction) -> int:
    model, model_input = prediction.order.target.model, prediction.order.model_input
    if model.known and model.output is not OutputShape.LIST:
        return 1
    asked = model_input.get("max_images", model_input.get("num_outputs", 1))
    usable = isinstance(asked, int) and not isinstance(asked, bool)
    return max(1, min(asked, MOST_OUTPUTS)) if usable else 1


def _text_pieces(model: ModelSpec, model_input: dict[str, Any]) -> list[str]:
    prompt = " ".join(prompt_of(model_input).split()) or "nothing"
    words = f"This is {model.full_name}, imitated. You asked: {prompt}".split(" ")
    return [word if last else f"{word} " for last, word in zip([False] * (len(words) - 1) + [True], words, strict=True)]
