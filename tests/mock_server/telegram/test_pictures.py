import pytest

from mock_server.telegram.pictures import (
    MAX_SIDES_SUM,
    PictureDimensionsError,
    UnreadablePictureError,
    render_ladder,
    render_thumbnail,
)
from tests.support import pictures

BOXES = (90, 320, 800, 1280)


def sizes(data: bytes) -> list[tuple[int, int]]:
    return [(one.width, one.height) for one in render_ladder(data, BOXES, max_sides_sum=MAX_SIDES_SUM)]


def test_a_big_picture_gets_every_size():
    assert sizes(pictures.jpeg(4000, 3000)) == [(90, 68), (320, 240), (800, 600), (1280, 960)]


def test_a_small_picture_is_never_enlarged():
    assert sizes(pictures.jpeg(500, 400)) == [(90, 72), (320, 256), (500, 400)]
    assert sizes(pictures.png(40, 30)) == [(40, 30)]


def test_a_turned_picture_comes_out_upright_without_metadata():
    biggest = render_ladder(pictures.exif_rotated_jpeg(640, 480), BOXES, max_sides_sum=None)[-1]
    picture = pictures.opened(biggest.data)
    assert picture.size == (biggest.width, biggest.height) == (480, 640)
    assert not picture.getexif()
    assert pictures.CAMERA.encode() not in biggest.data


def test_transparency_becomes_white():
    biggest = render_ladder(pictures.png(64, 64, "RGBA"), BOXES, max_sides_sum=None)[-1]
    red, green, blue = pictures.opened(biggest.data).getpixel((60, 4))
    assert green > 200
    assert red > 100
    assert blue > 100


@pytest.mark.parametrize("make", [pictures.cmyk_jpeg, pictures.webp, pictures.gif, pictures.png_16_bit])
def test_unusual_encodings_become_plain_jpeg(make):
    assert pictures.opened(render_ladder(make(), BOXES, max_sides_sum=None)[-1].data).mode == "RGB"


@pytest.mark.parametrize(
    "make",
    [lambda: b"", lambda: b"hello", lambda: pictures.truncated(pictures.photo()), pictures.heic],
    ids=["nothing", "text", "truncated", "heic"],
)
def test_what_is_no_picture_is_unreadable(make):
    data = make()
    with pytest.raises(UnreadablePictureError):
        sizes(data)
    assert render_thumbnail(data) is None


@pytest.mark.parametrize(
    "make",
    [lambda: pictures.png(9000, 1001), lambda: pictures.png(2100, 100), pictures.bomb_png],
    ids=["large", "long", "bomb"],
)
def test_dimensions_beyond_the_limits_are_refused(make):
    with pytest.raises(PictureDimensionsError):
        sizes(make())
