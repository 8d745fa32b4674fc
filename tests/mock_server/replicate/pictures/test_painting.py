import pytest
from PIL import Image

from mock_server.replicate.models.spec import Family
from mock_server.replicate.pictures.order import PictureError
from tests.support.pictures import saved

FAMILIES = list(Family)


@pytest.mark.parametrize("family", FAMILIES)
def test_the_same_order_gives_the_same_bytes_and_another_seed_or_model_others(painted, family):
    first = painted(family, prompt="x")[1]
    assert painted(family, prompt="x")[1] == first
    assert painted(family, prompt="x", seed=2)[1] != first
    assert painted(family, prompt="x", label="other")[1] != first


@pytest.mark.parametrize("size", [(1, 1), (1, 400), (400, 1), (9, 9)])
@pytest.mark.parametrize("family", FAMILIES)
def test_tiny_pictures_are_painted_too(painted, family, size):
    data = saved(Image.new("RGB", size, "red"), "PNG")
    assert painted(family, pictures=(data, data), prompt="a prompt", scale=1)[0].size == size


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGBA", "CMYK", "I;16"])
def test_every_kind_of_picture_is_read(painted, mode):
    data = saved(Image.new(mode, (60, 60)), "TIFF" if mode == "CMYK" else "PNG")
    assert painted(Family.RESTORE, pictures=(data,), scale=1)[0].size == (60, 60)


def test_camera_rotation_is_applied(painted):
    exif = Image.Exif()
    exif[0x0112] = 6
    data = saved(Image.new("RGB", (100, 40), "red"), "JPEG", exif=exif)
    assert painted(Family.GENERIC, pictures=(data,))[0].size == (40, 100)


@pytest.mark.parametrize(("wanted", "kind"), [("jpg", "JPEG"), ("png", "PNG"), ("webp", "WEBP")])
def test_the_file_is_of_the_wanted_format_even_where_it_has_no_transparency(painted, wanted, kind):
    for family in (Family.EDIT, Family.CUTOUT):
        assert painted(family, picture_format=wanted)[0].format == kind


def test_garbage_is_refused(painted):
    with pytest.raises(PictureError):
        painted(Family.GENERIC, pictures=(b"garbage",))


def test_a_picture_beyond_the_pixel_limit_is_refused(painted):
    with pytest.raises(PictureError, match="too large"):
        painted(Family.GENERIC, pictures=(saved(Image.new("1", (10_000, 6_001)), "PNG"),))
