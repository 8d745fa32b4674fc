import io

import aiohttp
import pytest

from tests.support import pictures


async def test_json_form_query_and_multipart_mean_the_same(bot, anna, http):
    fields = {"chat_id": str(anna.id), "text": "héllo"}
    await bot.post("sendMessage", json=fields)
    await bot.post("sendMessage", data=fields)
    with aiohttp.MultipartWriter("form-data") as multipart:
        for name, value in fields.items():
            multipart.append(value).set_content_disposition("form-data", name=name)
    await bot.post("sendMessage", data=multipart)
    async with http.get(f"{bot.url}/sendmessage", params=fields) as response:
        assert (await response.json())["ok"]
    assert [message.text for message in anna.messages] == ["héllo"] * 4


async def test_method_names_ignore_case(bot):
    assert (await bot("GETme"))["username"] == "darkroom_sandbox_bot"


async def test_a_wrong_token_is_unauthorized(emulator, http):
    for path in ("/bot1:x/getMe", "/file/bot1:x/photos/file_1.jpg"):
        async with http.get(emulator.base_url + path) as response:
            assert response.status == 401
            assert await response.json() == {"ok": False, "error_code": 401, "description": "Unauthorized"}


async def test_what_is_not_modelled_says_so_with_501(bot, anna):
    for method, params in (("sendPoll", {}), ("logOut", {}), ("sendPhoto", {"photo": "https://x.org/a.jpg"})):
        refusal = await bot.refusal(method, chat_id=anna.id, **params)
        assert refusal.startswith("Not Implemented: ")


async def test_a_body_that_is_not_what_it_says_is_refused(bot):
    async with bot.session.post(f"{bot.url}/getMe", data=b"{", headers={"Content-Type": "application/json"}) as answer:
        assert answer.status == 400
    async with bot.session.post(f"{bot.url}/getMe", data=io.BytesIO(bytes(1_100_000))) as answer:
        assert answer.status == 413


async def test_a_sent_photo_has_sizes_and_can_be_sent_again_by_any_file_id(bot, anna):
    sent = await bot("sendPhoto", chat_id=anna.id, photo=("результат.png", pictures.png(2000, 1500)))
    assert [(size["width"], size["height"]) for size in sent["photo"]] == [
        (90, 68),
        (320, 240),
        (800, 600),
        (1280, 960),
    ]
    again = await bot("sendPhoto", chat_id=anna.id, photo=sent["photo"][0]["file_id"])
    assert again["photo"] == sent["photo"]


async def test_a_document_keeps_name_type_and_bytes(bot, anna, http):
    data = pictures.png_with_metadata()
    sent = await bot("sendDocument", chat_id=anna.id, document="attach://some", some=("итог.png", data))
    document = sent["document"]
    assert (document["file_name"], document["mime_type"], document["file_size"]) == ("итог.png", "image/png", len(data))
    assert document["thumbnail"]["width"] == 320
    file = await bot("getFile", file_id=document["file_id"])
    async with http.get(f"{bot.file_url}/{file['file_path']}") as response:
        assert await response.read() == data


async def test_files_above_20_mb_cannot_be_downloaded(bot, anna):
    message = await anna.send_photo(pictures.jpeg_of_size(), as_file=True)
    refusal = await bot.refusal("getFile", file_id=message.document.file_id)
    assert refusal == "Bad Request: file is too big"


async def test_an_unknown_file_cannot_be_downloaded(bot, http):
    refusal = await bot.refusal("getFile", file_id="nonsense")
    assert refusal == "Bad Request: wrong file_id or the file is temporarily unavailable"
    async with http.get(f"{bot.file_url}/photos/../../../etc/passwd") as response:
        assert response.status in {401, 404}


async def test_files_above_the_bound_are_forgotten_oldest_first(start, call_as_bot):
    emulator = await start(max_stored_bytes=100_000)
    bot, anna = call_as_bot(emulator), emulator.control.add_user()
    first = await anna.send_photo(b"a" * 60_000, as_file=True, filename="a.bin")
    second = await anna.send_photo(b"b" * 60_000, as_file=True, filename="b.bin")
    assert "temporarily unavailable" in await bot.refusal("getFile", file_id=first.document.file_id)
    assert await bot("getFile", file_id=second.document.file_id)
    with pytest.raises(FileNotFoundError):
        await anna.download(first)


async def test_an_upload_above_50_mb_is_too_large(bot, anna):
    refusal = await bot.refusal("sendDocument", chat_id=anna.id, document=("big.bin", bytes(50 * 1024 * 1024 + 1)))
    assert refusal == "Request Entity Too Large"
