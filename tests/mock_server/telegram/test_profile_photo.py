"""The bot's own picture: what may be set, and that it stays."""

import pytest

from tests.support import pictures

STATIC = {"type": "static", "photo": "attach://face"}


async def own_photos(bot, **params):
    return await bot("getUserProfilePhotos", user_id=(await bot("getMe"))["id"], **params)


async def set_face(bot, data, **described):
    return await bot("setMyProfilePhoto", photo=STATIC | described, face=("face.jpg", data))


async def test_a_picture_is_cut_to_a_square_in_several_sizes(bot):
    assert await own_photos(bot) == {"total_count": 0, "photos": []}
    assert await set_face(bot, pictures.jpeg(800, 400)) is True
    found = await own_photos(bot, limit=1)
    assert found["total_count"] == 1
    assert [(size["width"], size["height"]) for size in found["photos"][0]] == [(160, 160), (320, 320)]
    assert (await own_photos(bot, offset=1)) == {"total_count": 1, "photos": []}


async def test_a_new_picture_replaces_the_old_one_and_can_be_taken_away(bot):
    await set_face(bot, pictures.jpeg())
    before = await own_photos(bot)
    await set_face(bot, pictures.jpeg(640, 640))
    after = await own_photos(bot)
    assert after["total_count"] == 1
    assert after["photos"] != before["photos"]
    assert await bot("removeMyProfilePhoto") is True
    assert (await own_photos(bot))["total_count"] == 0


@pytest.mark.parametrize(
    ("photo", "refusal"),
    [
        ("", "photo isn't specified"),
        ("{", "can't parse photo JSON object"),
        ([], "object expected as profile photo"),
        ({"photo": "attach://face"}, 'can\'t find field "type"'),
        ({"type": 1}, 'field "type" must be of type String'),
        ({"type": "square", "photo": "attach://face"}, "invalid profile photo type specified"),
        ({"type": "static"}, 'can\'t find field "photo"'),
        ({"type": "static", "photo": "attach://other"}, "photo must be uploaded as a file"),
        ({"type": "static", "photo": "face"}, "photo must be uploaded as a file"),
        ({"type": "animated", "photo": "attach://face"}, 'can\'t find field "animation"'),
    ],
)
async def test_a_picture_that_is_not_described_well_is_refused(bot, photo, refusal):
    said = await bot.refusal("setMyProfilePhoto", photo=photo, face=("face.jpg", pictures.jpeg()))
    assert said == f"Bad Request: {refusal}"
    assert (await own_photos(bot))["total_count"] == 0


@pytest.mark.parametrize(
    ("data", "refusal"),
    [
        (b"", "file must be non-empty"),
        (b"<html>", "IMAGE_PROCESS_FAILED"),
        (pictures.png(), "PHOTO_EXT_INVALID"),
        (pictures.jpeg(159, 400), "PHOTO_CROP_SIZE_SMALL"),
    ],
    ids=["empty", "html", "png", "small"],
)
async def test_what_is_no_jpeg_of_some_size_is_refused(bot, data, refusal):
    assert await bot.refusal("setMyProfilePhoto", photo=STATIC, face=("f", data)) == f"Bad Request: {refusal}"


async def test_a_picture_cannot_be_used_again_by_its_id(bot):
    await set_face(bot, pictures.jpeg())
    again = (await own_photos(bot))["photos"][0][0]["file_id"]
    said = await bot.refusal("setMyProfilePhoto", photo={"type": "static", "photo": again})
    assert said == "Bad Request: photo must be uploaded as a file"


async def test_animations_are_said_to_be_not_modelled(bot):
    photo = {"type": "animated", "animation": "attach://face"}
    assert "not modelled" in await bot.refusal("setMyProfilePhoto", photo=photo, face=("a.mp4", b"mp4"))


async def test_people_have_no_picture_and_strangers_are_unknown(bot, anna):
    assert (await bot("getUserProfilePhotos", user_id=anna.id))["total_count"] == 0
    assert await bot.refusal("getUserProfilePhotos", user_id=1) == "Bad Request: user not found"
    assert await bot.refusal("getUserProfilePhotos") == "Bad Request: invalid user_id specified"


async def test_it_stays_when_other_files_are_forgotten_until_it_is_taken_away(start, call_as_bot):
    emulator = await start(max_stored_bytes=100_000)
    bot, anna = call_as_bot(emulator), emulator.control.add_user()
    await set_face(bot, pictures.jpeg())
    biggest = (await own_photos(bot))["photos"][0][-1]["file_id"]
    sent = [await anna.send_photo(bytes(60_000), as_file=True, filename="a.bin") for _ in range(3)]
    assert await bot("getFile", file_id=biggest)
    assert "unavailable" in await bot.refusal("getFile", file_id=sent[1].document.file_id)
    assert await bot("getFile", file_id=sent[2].document.file_id)
    await bot("removeMyProfilePhoto")
    await anna.send_photo(bytes(60_000), as_file=True, filename="a.bin")
    assert "unavailable" in await bot.refusal("getFile", file_id=biggest)
