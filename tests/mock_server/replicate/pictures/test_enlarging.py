import itertools
import random
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageStat

from mock_server.replicate.models.spec import Family
from tests.support.pictures import saved


@pytest.mark.parametrize(
    ("family", "inputs", "size"),
    [
        (Family.UPSCALE, {"scale": 4}, (640, 480)),
        (Family.UPSCALE, {}, (640, 480)),
        (Family.UPSCALE, {"scale": 0}, (160, 120)),
        (Family.RESTORE, {"upscale": 3}, (480, 360)),
        (Family.RESTORE, {"scale": 1}, (160, 120)),
        (Family.RESTORE, {"scale": "much"}, (320, 240)),
    ],
)
def test_results_are_as_much_larger_as_asked_for(painted, family, inputs, size):
    assert painted(family, **inputs)[0].size == size


def test_scaling_stops_at_the_pixel_limit_but_never_shrinks(painted):
    large = saved(Image.new("RGB", (5000, 4000), "red"), "JPEG")
    assert painted(Family.UPSCALE, pictures=(large,), scale=4, picture_format="jpg")[0].size == (5000, 4000)
    half = saved(Image.new("RGB", (3000, 2000), "red"), "JPEG")
    width, height = painted(Family.UPSCALE, pictures=(half,), scale=10, picture_format="jpg")[0].size
    assert 15_000_000 < width * height <= 16_010_000


def old_photo():
    """A soft scene in faded yellowish tones, with scratches and grain; the clean one beside it."""
    clean = Image.radial_gradient("L").resize((400, 300)).convert("RGB")
    ImageDraw.Draw(clean).ellipse((140, 80, 260, 220), fill=(200, 60, 40))
    pale = ImageChops.add(clean.point(lambda value: value // 3), Image.new("RGB", clean.size, (90, 84, 60)))
    noise = Image.frombytes("L", clean.size, random.Random(3).randbytes(clean.width * clean.height))
    grain = noise.point(lambda value: 128 + (value - 128) // 12).convert("RGB")
    pale = ImageChops.add(pale, grain, 1, -128)
    draw = ImageDraw.Draw(pale)
    for x in (40, 90, 330, 370):
        draw.line((x, 20, x + 4, 280), fill=(230, 228, 220), width=1)
    return pale


def scratchedness(picture):
    """How much a line across stands out where the scratches were."""
    row = picture.resize((400, 300)).convert("L").crop((60, 100, 120, 200))
    return ImageStat.Stat(ImageChops.difference(row, row.filter(ImageFilter.MedianFilter(9)))).stddev[0]


def test_restoring_takes_away_scratches_grain_and_the_veil(painted):
    faded = old_photo()
    result = painted(Family.RESTORE, pictures=(saved(faded, "PNG"),), scale=1)[0].convert("RGB")
    before, after = ImageStat.Stat(faded.convert("L")), ImageStat.Stat(result.convert("L"))
    assert after.stddev[0] > 1.5 * before.stddev[0]
    contrast = after.stddev[0] / before.stddev[0]
    assert scratchedness(result) < 0.5 * contrast * scratchedness(faded)
    red, _, blue = after.mean[0], None, ImageStat.Stat(result).mean[2]
    assert abs(red - blue) < 40


def test_the_photo_that_newcomers_try_first_comes_back_without_its_scratches(painted):
    """It is as worn as photos come: a scratched sky, folds, and dust on everything."""
    body = (Path(__file__).parents[4] / "bot" / "telegram" / "sample.jpg").read_bytes()
    worn = Image.open(BytesIO(body)).convert("L")
    result = painted(Family.RESTORE, pictures=(body,), scale=1)[0].convert("L")

    def marked(picture):
        """How much of the sky is much lighter than what lies around it."""
        sky = picture.crop((100, 40, 640, 260))
        contrast = ImageStat.Stat(picture).stddev[0]
        marks = ImageChops.subtract(sky, sky.filter(ImageFilter.MedianFilter(9)))
        return ImageStat.Stat(marks.point(lambda value: 255 * (value > 0.5 * contrast))).mean[0] / 255

    assert marked(result) < 0.2 * marked(worn), (marked(worn), marked(result))


def test_a_grey_photo_stays_grey(painted):
    grey = saved(Image.radial_gradient("L").resize((200, 150)), "PNG")
    result = painted(Family.RESTORE, pictures=(grey,), scale=1)[0].convert("RGB").crop((0, 0, 200, 100))
    assert max(ImageStat.Stat(result.convert("HSV").getchannel("S")).extrema[0]) == 0


def test_upscaling_keeps_edges_sharper_than_enlarging_does(painted):
    edge = Image.new("RGB", (80, 80), "white")
    ImageDraw.Draw(edge).rectangle((40, 0, 80, 80), fill="black")
    soft = edge.filter(ImageFilter.GaussianBlur(1))
    result = painted(Family.UPSCALE, pictures=(saved(soft, "PNG"),), scale=4)[0].convert("L")
    plain = soft.resize((320, 320), Image.Resampling.BICUBIC).convert("L")

    def steepest(picture):
        row = picture.crop((100, 100, 220, 101)).tobytes()
        return max(abs(left - right) for left, right in itertools.pairwise(row))

    assert steepest(result) > steepest(plain)
