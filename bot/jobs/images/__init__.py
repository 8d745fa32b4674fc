"""Checks of pictures that we did not make: what people send, and what models give back.

Pure functions over bytes and files, without I/O of their own and without a framework; what decodes uses the processor,
so an event loop runs it in a thread. How a hostile file is kept small:

1. size in bytes, then the format by content (`formats`); a name or a MIME type is never asked;
2. the container is walked by code of ours (`jpeg`, `png`, `webp`, `gif`, `tiff`, `bmp`, `heif`): it must be complete,
   tells its dimensions before anything is decoded, and leaves without EXIF, XMP, text and other frames;
3. only then, and only where pixels must change or be verified, the one decoder for that format (`decoding`).
"""

from bot.jobs.images.inputs import CheckedImage, ImageNote, check_input_image, check_plain_jpeg
from bot.jobs.images.outputs import OutputImage, inspect_output
from bot.jobs.images.preview import preview_jpeg
from bot.jobs.images.refusals import ImageLimits, ImageProblem, ImageRefusedError

__all__ = [
    "CheckedImage",
    "ImageLimits",
    "ImageNote",
    "ImageProblem",
    "ImageRefusedError",
    "OutputImage",
    "check_input_image",
    "check_plain_jpeg",
    "inspect_output",
    "preview_jpeg",
]
