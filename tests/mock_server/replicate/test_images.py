import io

import pytest
from PIL import Image

from mock_server.replicate.images import PaintOrder, PictureError, paint
from mock_server.replicate.model_spec import Family

PAINTED = [family for family in Family if family is not Family.TEXT]


@pytest.fixture
def painted(tmp_path, picture):
    """Paints and opens the result."""

    def run(family, **changes):
        order = PaintOrder(family=family, **({"label": "any", "pictures": (picture,), "seed": 1} | changes))
        paint(order, tmp_path / "out")
        data = (tmp_path / "out").read_bytes()
        image = Image.open(io.BytesIO(data))
        image.load()
        return image, data

    return run


@pytest.mark.parametrize("family", PAINTED)
def test_the_same_order_gives_the_same_bytes_and_another_seed_others(painted, family):
    assert painted(family)[1] == painted(family)[1]
    assert painted(family)[1] != painted(family, seed=2)[1]


def test_every_family_gives_a_picture_of_its_own(painted, picture):
    results = {painted(family, pictures=(picture, picture), prompt="x")[1] for family in PAINTED}
    assert len(results) == len(PAINTED)


@pytest.mark.parametrize("family", PAINTED)
def test_the_label_names_the_model(painted, family):
    assert painted(family, label="one")[1] != painted(family, label="two")[1]


@pytest.mark.parametrize(
    ("family", "scale", "size"), [(Family.UPSCALE, 4, (640, 480)), (Family.RESTORE, 2, (320, 240))]
)
def test_upscaling_is_really_larger(painted, family, scale, size):
    assert painted(family, scale=scale)[0].size == size


def test_scaling_stops_at_the_pixel_limit_but_never_shrinks(painted):
    out = io.BytesIO()
    Image.new("RGB", (5000, 4000), "red").save(out, "JPEG")
    assert painted(Family.UPSCALE, pictures=(out.getvalue(),), scale=4, picture_format="jpg")[0].size == (5000, 4000)
    width, height = painted(Family.UPSCALE, scale=10)[0].size
    assert (width, height) == (1600, 1200)


def test_a_cutout_has_clear_and_solid_parts(painted):
    image, _ = painted(Family.CUTOUT)
    assert image.mode == "RGBA"
    assert image.getchannel("A").getextrema() == (0, 255)


def test_a_cutout_can_have_a_background(painted):
    image, _ = painted(Family.CUTOUT, background="white")
    assert image.getchannel("A").getextrema() == (255, 255)


def test_an_edit_shows_its_prompt_and_needs_no_picture(painted):
    assert painted(Family.EDIT, prompt="one")[1] != painted(Family.EDIT, prompt="two")[1]
    assert painted(Family.EDIT, pictures=(), prompt="a cat")[0].size == (512, 512)


def test_a_try_on_shows_the_garment(painted, picture):
    out = io.BytesIO()
    Image.new("RGB", (50, 50), (255, 0, 255)).save(out, "PNG")
    image, _ = painted(Family.TRY_ON, pictures=(picture, out.getvalue()))
    colours = [colour for _, colour in image.convert("RGB").getcolors(maxcolors=2**24)]
    assert (255, 0, 255) in colours


def test_camera_rotation_is_applied(painted):
    out = io.BytesIO()
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (100, 40), "red").save(out, "JPEG", exif=exif)
    assert painted(Family.GENERIC, pictures=(out.getvalue(),))[0].size == (40, 100)


@pytest.mark.parametrize("size", [(1, 1), (1, 400), (400, 1)])
@pytest.mark.parametrize("family", PAINTED)
def test_tiny_pictures_are_painted_too(painted, family, size):
    out = io.BytesIO()
    Image.new("RGB", size, "red").save(out, "PNG")
    data = out.getvalue()
    assert painted(family, pictures=(data, data), prompt="a prompt")[0].size == size


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGBA", "CMYK", "I;16"])
def test_every_kind_of_picture_is_read(painted, mode):
    out = io.BytesIO()
    Image.new(mode, (60, 60)).save(out, "TIFF" if mode == "CMYK" else "PNG")
    assert painted(Family.RESTORE, pictures=(out.getvalue(),))[0].size == (60, 60)


def test_jpeg_results_are_jpeg(painted):
    assert painted(Family.EDIT, picture_format="jpg")[0].format == "JPEG"


def test_garbage_is_refused(painted):
    with pytest.raises(PictureError):
        painted(Family.GENERIC, pictures=(b"garbage",))
