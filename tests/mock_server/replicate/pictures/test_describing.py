import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from mock_server.replicate.pictures.colour_names import NAMED, main_colours
from mock_server.replicate.pictures.describing import answer, describe, pieces_of
from mock_server.replicate.pictures.order import PictureError
from tests.support.pictures import saved


def noise(size):
    return Image.frombytes("L", size, random.Random(4).randbytes(size[0] * size[1])).convert("RGB")


@pytest.mark.parametrize("name", NAMED)
def test_every_colour_is_called_by_its_name(name):
    assert main_colours(Image.new("RGB", (40, 30), NAMED[name])) == [(name, 1.0)]


def test_shares_of_colours_are_told():
    picture = Image.new("RGB", (100, 100), NAMED["blue"])
    ImageDraw.Draw(picture).rectangle((0, 75, 100, 100), fill=NAMED["orange"])
    colours = dict(main_colours(picture))
    assert colours == {"blue": pytest.approx(0.75, abs=0.02), "orange": pytest.approx(0.25, abs=0.02)}


@pytest.mark.parametrize(
    ("picture", "truths"),
    [
        (Image.new("RGB", (640, 480), "black"), ["640 by 480", "landscape format of 4:3", "very dark (0%", "black ("]),
        (Image.new("RGB", (300, 400), "white"), ["portrait format of 3:4", "very bright (100%", "little contrast"]),
        (Image.new("RGB", (500, 500), "#d72323"), ["a square", "warm", "red (100%)", "strong"]),
        (Image.new("RGB", (500, 111), "#3264cd"), ["landscape format of 4.50:1", "cool", "blue (100%)"]),
        (Image.linear_gradient("L").convert("RGB"), ["lighter at the bottom", "hardly any colour", "soft"]),
        (noise((256, 256)), ["sharp or grainy", "spread evenly"]),
    ],
)  # fmt: skip
def test_what_it_says_is_true(picture, truths):
    text = describe(picture)
    assert [truth for truth in truths if truth not in text] == []
    assert text.count(". ") + text.endswith(".") == 3


def test_it_says_where_the_detail_is():
    picture = Image.new("RGB", (300, 300), "grey")
    grain = noise((90, 90))
    picture.paste(grain, (205, 5))
    assert "upper right part" in describe(picture)


def test_several_pictures_are_numbered_and_a_question_is_repeated():
    red, blue = (saved(Image.new("RGB", (30, 30), colour), "PNG") for colour in ("red", "blue"))
    text = answer("openai/o4-mini", "How many cats?", (red, blue))
    assert "Picture 1: " in text
    assert "Picture 2: " in text
    assert text.endswith("You asked: How many cats?")
    assert "You asked" not in answer("openai/o4-mini", "Describe this photo in three sentences.", (red,))


def test_without_a_picture_it_says_what_it_is():
    assert "imitated" in answer("openai/o4-mini", "", ())


def test_garbage_is_refused():
    with pytest.raises(PictureError):
        answer("a/b", "", (b"garbage",))


@settings(max_examples=40)
@given(st.text(max_size=200))
def test_the_pieces_make_the_text_again(text):
    assert "".join(pieces_of(text)) == text
    assert len(pieces_of(text, 3)) <= 3
