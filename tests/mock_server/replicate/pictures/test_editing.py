import io

import pytest
from PIL import Image, ImageChops, ImageDraw, ImageStat

from mock_server.replicate.models.spec import Family
from mock_server.replicate.pictures.looks import COLOURS, LOOKS, looks_of, tint_of
from tests.support.pictures import saved


@pytest.fixture(scope="module")
def photo():
    picture = Image.merge("RGB", [Image.linear_gradient("L"), Image.radial_gradient("L"), Image.linear_gradient("L")])
    picture = picture.resize((240, 180))
    ImageDraw.Draw(picture).ellipse((60, 40, 160, 140), fill=(210, 140, 60))
    return saved(picture, "PNG")


def upper(image):
    """The part without caption and label."""
    return image.convert("RGB").crop((0, 0, image.width, image.height // 2))


@pytest.mark.parametrize(
    ("prompts", "looks"),
    [
        (("make it black and white", "сделай чёрно-белым", "em preto e branco", "흑백으로"), 1),
        (("a pencil sketch", "карандашный рисунок", "um desenho a lápis", "연필 스케치"), 1),
        (("Winter, please", "пусть будет зима", "no inverno", "겨울로"), 1),
        (("vintage photo at night in the rain", "винтаж, ночь, дождь"), 3),
        (("give the cat a hat", "дай коту шляпу", "um chapéu", ""), 0),
    ],
)
def test_a_look_is_asked_for_in_any_of_the_four_languages(prompts, looks):
    found = [looks_of(prompt) for prompt in prompts]
    assert all(one == found[0] for one in found)
    assert len(found[0]) == looks


def test_a_colour_is_asked_for_by_its_name():
    assert tint_of("paint the wall red") == tint_of("покрась в красный") == tint_of("a parede vermelha")
    assert tint_of("a bored cat") is None


@pytest.mark.parametrize("look", [look for _, look in LOOKS], ids=lambda look: look.__name__)
def test_every_look_changes_the_picture_visibly_and_keeps_its_size(look, photo, painted):
    original = Image.open(io.BytesIO(photo))
    changed = look(original, 3)
    assert (changed.size, changed.mode) == (original.size, "RGB")
    assert ImageStat.Stat(ImageChops.difference(changed, original)).mean[0] > 1


def test_what_the_prompt_names_is_applied(painted, photo):
    grey = painted(Family.EDIT, pictures=(photo,), prompt="in black and white, please", seed=0)[0]
    blue = painted(Family.EDIT, pictures=(photo,), prompt="make it blue")[0]
    assert ImageStat.Stat(upper(grey).convert("HSV").getchannel("S")).mean[0] < 70
    red_mean, _, blue_mean = ImageStat.Stat(upper(blue)).mean
    assert blue_mean > red_mean + 20


def test_the_prompt_is_written_on_the_picture(painted, photo):
    one = painted(Family.EDIT, pictures=(photo,), prompt="a hat")[0]
    other = painted(Family.EDIT, pictures=(photo,), prompt="two hats")[0]
    assert upper(one).tobytes() == upper(other).tobytes()
    assert one.tobytes() != other.tobytes()


@pytest.mark.parametrize("prompt", ["한국어 설명", "\ud800 half a pair", "x" * 5000, "\n\t", "🐈"])
def test_any_prompt_can_be_written(painted, photo, prompt):
    assert painted(Family.EDIT, pictures=(photo,), prompt=prompt)[0].size == (240, 180)


@pytest.mark.parametrize(
    ("inputs", "size"),
    [
        ({}, (240, 180)),
        ({"aspect_ratio": "match_input_image"}, (240, 180)),
        ({"aspect_ratio": "16:9"}, (1368, 768)),
        ({"aspect_ratio": "1:1", "resolution": "2K"}, (2048, 2048)),
        ({"size": "1K", "aspect_ratio": "match_input_image"}, (1184, 888)),
        ({"size": "custom", "width": 1024, "height": 1100}, (1024, 1100)),
        ({"size": "4K"}, (4616, 3464)),
        ({"aspect_ratio": "0:0"}, (240, 180)),
        ({"aspect_ratio": "999:1"}, (2048, 512)),
    ],
)
def test_ratio_and_size_are_those_asked_for(painted, photo, inputs, size):
    assert painted(Family.EDIT, pictures=(photo,), picture_format="jpg", **inputs)[0].size == size


def test_further_pictures_are_laid_onto_the_first(painted, photo):
    magenta = saved(Image.new("RGB", (80, 80), "#ff00ff"), "PNG")
    alone = painted(Family.EDIT, pictures=(photo,))[0]
    both = painted(Family.EDIT, pictures=(photo, magenta))[0]
    assert ImageChops.difference(alone, both).getbbox()[0] > 120


def test_without_a_picture_every_seed_draws_another_scene(painted):
    first, second = (painted(Family.EDIT, pictures=(), prompt="a cat", seed=seed)[0] for seed in (1, 2))
    assert first.size == (1024, 1024)
    assert ImageStat.Stat(ImageChops.difference(first, second)).mean[0] > 10


def test_seeds_differ_visibly_on_a_photo(painted, photo):
    first, second = (painted(Family.EDIT, pictures=(photo,), prompt="sepia", seed=seed)[0] for seed in (1, 2))
    assert ImageStat.Stat(ImageChops.difference(upper(first), upper(second))).mean[0] > 2


def test_every_colour_is_one():
    from PIL import ImageColor

    assert all(len(ImageColor.getrgb(colour)) == 3 for _, colour in COLOURS)
