"""Memory with many big photos at once: bounded by the byte budget of `bot.jobs`, not by their number."""

import asyncio
from io import BytesIO

from PIL import Image

from benchmarks.report import Report
from benchmarks.subjects import DARKROOM, Subject, running

_MEGABYTES = 20
_LOOK_EVERY_S = 0.02
_PATIENCE_S = 900.0  # the models of the outside work on big photos one by one


async def measure_big_photos(report: Report, numbers: tuple[int, ...]) -> None:
    """Each number of photos of 20 MB at once, each time with a new process."""
    report.section(f"Photos of {_MEGABYTES} MB at once", "memory before, MB", "at most, MB", "s for all")
    photo = await asyncio.to_thread(_big_photo)
    for number in numbers:
        async with running(DARKROOM, MAX_IMAGE_MB="20") as subject:
            before = subject.rss_mb()
            peak, took_s = await _send(subject, photo, number)
            report.row(f"{number}", before, peak, took_s)


async def _send(subject: Subject, photo: bytes, number: int) -> tuple[float, float]:
    """The highest memory seen, and the seconds until the last result."""
    loop, peaks = asyncio.get_running_loop(), [0.0]

    async def watch() -> None:
        while True:
            peaks.append(subject.rss_mb())
            await asyncio.sleep(_LOOK_EVERY_S)

    async def one() -> None:
        person = subject.chat.add_user("Ada")
        await person.send_photo(photo, as_file=True, filename="photo.jpg", mime_type="image/jpeg")
        await person.expect(photo=True, within=_PATIENCE_S)

    watcher, begin = asyncio.create_task(watch()), loop.time()
    await asyncio.gather(*(one() for _ in range(number)))
    watcher.cancel()
    return max(peaks), loop.time() - begin


def _big_photo() -> bytes:
    """A JPEG of just under 20 MB, most of it in comments: models need not work on 50 megapixels for this."""
    target = BytesIO()
    Image.effect_noise((1600, 1200), 60).convert("RGB").save(target, "JPEG", quality=95)
    picture = target.getvalue()
    comment = b"\xff\xfe" + (65_535).to_bytes(2, "big") + b"x" * 65_533
    missing = _MEGABYTES * 1_000_000 - len(picture) - 100_000
    return picture[:2] + comment * (missing // len(comment)) + picture[2:]
