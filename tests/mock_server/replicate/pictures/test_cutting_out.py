import pytest
from PIL import Image, ImageDraw

from mock_server.replicate.models.spec import Family
from tests.support.pictures import saved

SUBJECT, GROUND = (190, 60, 50), (70, 130, 90)


def scene(size=(240, 180)):
    """A red figure standing on the lower border before a green wall."""
    picture = Image.new("RGB", (240, 180), GROUND)
    draw = ImageDraw.Draw(picture)
    draw.ellipse((90, 40, 150, 100), fill=SUBJECT)
    draw.rectangle((80, 90, 160, 180), fill=SUBJECT)
    return saved(picture.resize(size), "PNG")


def test_the_subject_stays_and_the_rest_becomes_transparent(painted):
    image, _ = painted(Family.CUTOUT, pictures=(scene(),))
    assert image.mode == "RGBA"
    alpha = image.getchannel("A")
    assert alpha.getpixel((120, 70)) > 240
    assert alpha.getpixel((120, 170)) > 240
    assert [alpha.getpixel(place) for place in ((5, 5), (235, 5), (20, 100), (220, 100))] == [0, 0, 0, 0]


@pytest.mark.parametrize(
    ("background", "corner"),
    [
        ("white", (255, 255, 255)),
        ("green", (120, 255, 155)),
        ("[10, 20, 30]", (10, 20, 30)),
        ("10,20,300", (10, 20, 255)),
        ("blue", (0, 0, 255)),
        ("overlay", GROUND),
        ("blur", GROUND),
        ("map", (0, 0, 0)),
    ],
)
def test_the_background_can_be_something_else(painted, background, corner):
    image, _ = painted(Family.CUTOUT, pictures=(scene(),), background_type=background)
    assert "A" not in image.getbands()
    assert image.convert("RGB").getpixel((3, 3)) == pytest.approx(corner, abs=3)


def test_an_unknown_background_is_transparency(painted):
    assert painted(Family.CUTOUT, pictures=(scene(),), background_type="nonsense")[0].mode == "RGBA"


def test_a_threshold_makes_the_edge_hard(painted):
    image, _ = painted(Family.CUTOUT, pictures=(scene(),), threshold=0.5)
    assert {value for _, value in image.getchannel("A").getcolors()} == {0, 255}


def test_reverse_removes_the_subject(painted):
    alpha = painted(Family.CUTOUT, pictures=(scene(),), reverse=True)[0].getchannel("A")
    assert (alpha.getpixel((120, 70)), alpha.getpixel((5, 5))) == (0, 255)


def test_the_transparency_of_the_input_is_kept(painted):
    cut = Image.new("RGBA", (100, 100), (*SUBJECT, 255))
    cut.paste((0, 0, 0, 0), (0, 0, 100, 40))
    alpha = painted(Family.CUTOUT, pictures=(saved(cut, "PNG"),))[0].getchannel("A")
    assert (alpha.getpixel((50, 20)), alpha.getpixel((50, 70))) == (0, 255)


def test_an_even_picture_gives_an_oval(painted):
    alpha = painted(Family.CUTOUT, pictures=(saved(Image.new("RGB", (200, 200), "grey"), "PNG"),))[0].getchannel("A")
    assert (alpha.getpixel((2, 2)), alpha.getpixel((100, 120)) > 200) == (0, True)


def test_a_person_is_found_by_face_and_body(painted):
    picture = Image.new("RGB", (300, 400), (60, 90, 140))
    draw = ImageDraw.Draw(picture)
    draw.rectangle((0, 250, 60, 400), fill=(20, 20, 24))  # as dark as the jacket, but not the person's
    draw.polygon([(60, 400), (90, 240), (210, 240), (240, 400)], fill=(24, 22, 28))
    draw.ellipse((105, 90, 195, 230), fill=(224, 172, 145))
    for x in (125, 160):
        draw.ellipse((x, 140, x + 16, 152), fill=(40, 30, 30))
    draw.rectangle((130, 195, 170, 204), fill=(150, 60, 60))
    alpha = painted(Family.CUTOUT, pictures=(saved(picture, "PNG"),))[0].getchannel("A")
    assert min(alpha.getpixel(place) for place in ((150, 130), (150, 300), (150, 380))) > 200
    assert max(alpha.getpixel(place) for place in ((10, 20), (290, 20), (280, 200))) < 50
