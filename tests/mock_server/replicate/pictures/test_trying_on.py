import pytest
from PIL import Image, ImageDraw

from mock_server.replicate.models.spec import Family
from mock_server.telegram.sample_scenes import aged, portrait
from tests.support.pictures import saved

SHIRT = (255, 0, 255)


def person(size=(300, 400)):
    """A figure in grey clothes before a light wall."""
    picture = Image.new("RGB", (300, 400), (200, 205, 210))
    draw = ImageDraw.Draw(picture)
    draw.rectangle((100, 110, 200, 400), fill=(90, 90, 95))
    draw.ellipse((115, 30, 185, 120), fill=(224, 172, 145))
    for x in (130, 158):
        draw.ellipse((x, 62, x + 12, 72), fill=(40, 30, 30))
    draw.rectangle((138, 98, 164, 104), fill=(150, 60, 60))
    return saved(picture.resize(size), "PNG")


def shirt(background="white", mode="RGB"):
    picture = Image.new(mode, (200, 200), background)
    ImageDraw.Draw(picture).rectangle((40, 30, 160, 180), fill=SHIRT)
    return saved(picture, "PNG")


def is_shirt(pixel):
    red, green, blue = pixel[:3]
    return red > 120 and blue > 120 and green < 80


@pytest.mark.parametrize(
    "garment", [shirt(), shirt("#3a5f40"), shirt((0, 0, 0, 0), "RGBA")], ids=["on white", "on green", "cut out"]
)
def test_the_garment_without_its_background_is_on_the_body_and_not_on_the_face(painted, garment):
    image, _ = painted(Family.TRY_ON, pictures=(person(), garment), picture_format="png")
    assert image.size == (300, 400)
    assert is_shirt(image.getpixel((150, 200)))
    assert not is_shirt(image.getpixel((150, 85)))
    assert image.getpixel((10, 10)) == pytest.approx((200, 205, 210), abs=4)


def test_in_a_faded_photo_of_head_and_shoulders_the_face_stays_free(painted):
    faded = aged(portrait()).convert("RGB").resize((640, 480))
    image, _ = painted(Family.TRY_ON, pictures=(saved(faded, "PNG"), shirt()), picture_format="png")
    assert not any(is_shirt(image.getpixel((310, y))) for y in range(0, 350, 10))
    assert is_shirt(image.getpixel((310, 400)))


def test_trousers_go_lower_than_shirts(painted):
    full_length = person((75, 100))
    canvas = Image.new("RGB", (300, 400), (200, 205, 210))
    draw = ImageDraw.Draw(canvas)
    draw.rectangle((120, 40, 180, 380), fill=(60, 60, 70))
    standing = saved(canvas, "PNG")
    heights = {}
    for category in ("upper_body", "lower_body"):
        image, _ = painted(Family.TRY_ON, pictures=(standing, shirt()), category=category)
        heights[category] = min(y for y in range(0, 400, 4) if is_shirt(image.getpixel((150, y))))
    assert heights["upper_body"] + 40 < heights["lower_body"]
    assert full_length


def test_the_mask_alone_is_white_where_the_garment_goes(painted):
    image, _ = painted(Family.TRY_ON, pictures=(person(), shirt()), mask_only=True)
    assert image.getpixel((150, 200)) == (255, 255, 255)
    assert image.getpixel((10, 10)) == (0, 0, 0)


def test_a_given_mask_limits_the_garment(painted):
    mask = Image.new("L", (300, 400), 0)
    mask.paste(255, (0, 0, 150, 400))
    image, _ = painted(Family.TRY_ON, pictures=(person(), shirt(), saved(mask, "PNG")))
    assert is_shirt(image.getpixel((130, 200)))
    assert not is_shirt(image.getpixel((170, 200)))


def test_crop_makes_it_three_by_four(painted):
    assert painted(Family.TRY_ON, pictures=(person((640, 400)), shirt()), crop=True)[0].size == (300, 400)


def test_one_picture_is_garment_and_person(painted):
    assert painted(Family.TRY_ON, pictures=(person(),), category="nonsense")[0].size == (300, 400)
