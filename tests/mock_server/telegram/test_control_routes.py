import asyncio
import io
import json
import re
from pathlib import Path

import aiohttp
import pytest

from mock_server.telegram import page_routes
from tests.support import pictures


@pytest.fixture
def control(emulator, http):
    async def call(method, path, expected=200, **request):
        async with http.request(method, f"{emulator.base_url}/control/{path}", **request) as response:
            assert response.status == expected, await response.text()
            return await response.json()

    return call


async def test_people_and_groups_can_be_made_and_listed(control):
    anna = await control("POST", "users", json={"first_name": "Anna", "language_code": "ru"})
    group = await control("POST", "groups", json={"title": "Friends", "member_ids": [anna["id"]], "admin_ids": []})
    await control("PATCH", f"users/{anna['id']}", json={"language_code": "ko", "blocked_bot": True})
    state = await control("GET", "state")
    assert state["users"] == [anna | {"language_code": "ko", "blocked_bot": True}]
    assert [chat["id"] for chat in state["chats"]] == [anna["id"], group["id"]]
    assert state["bot"]["username"] == "darkroom_sandbox_bot"
    await control("POST", "users", expected=422, json={"user_id": anna["id"]})


async def test_a_person_can_write_edit_react_press_and_delete(control, bot, anna):
    chat = f"chats/{anna.id}"
    sent = await control("POST", f"{chat}/text", json={"user_id": anna.id, "text": "<b>plain</b>"})
    assert sent["text"] == "<b>plain</b>"
    message = f"{chat}/messages/{sent['message_id']}"
    await control("POST", f"{message}/edit", json={"user_id": anna.id, "text": "changed"})
    await control("POST", f"{message}/react", json={"user_id": anna.id, "emoji": "👍"})
    keyboard = {"inline_keyboard": [[{"text": "Go", "callback_data": "go"}]]}
    asked = await bot("sendMessage", chat_id=anna.id, text="?", reply_markup=keyboard)
    press = {"user_id": anna.id, "button": "Go"}
    assert (await control("POST", f"{chat}/messages/{asked['message_id']}/press", json=press))["query_id"]
    await control("DELETE", message, params={"user_id": anna.id})
    first, second = await control("GET", f"{chat}/messages")
    assert first["sandbox"].pop("seq") == second["sandbox"]["seq"] > 0
    assert first["sandbox"] == {
        "from_bot": False,
        "edits": 1,
        "deleted": True,
        "silent": False,
        "reactions": [{"by": anna.id, "emoji": ["👍"]}],
        "reply_keyboard": None,
        "delivered": False,
        "source_name": "",
    }
    assert second["sandbox"]["from_bot"]
    assert [next(iter(update.keys() - {"update_id"})) for update in await bot("getUpdates")] == [
        "message",
        "edited_message",
        "callback_query",
    ]


async def test_pictures_can_be_uploaded_and_looked_at(control, emulator, anna, http):
    form = aiohttp.FormData({"user_id": str(anna.id), "caption": "two"})
    form.add_field("photo0", io.BytesIO(pictures.jpeg()), filename="a.jpg")
    form.add_field("photo1", io.BytesIO(pictures.png()), filename="b.png")
    album = await control("POST", f"chats/{anna.id}/media", data=form)
    assert len({message["media_group_id"] for message in album}) == 1
    form = aiohttp.FormData({"user_id": str(anna.id), "kind": "file"})
    form.add_field("photo0", io.BytesIO(b"<svg onload=alert(1)>"), filename="evil.svg")
    (document,) = await control("POST", f"chats/{anna.id}/media", data=form)
    async with http.get(f"{emulator.base_url}/control/media/{album[0]['photo'][-1]['file_id']}") as response:
        assert response.content_type == "image/jpeg"
        assert pictures.opened(await response.read()).size == (640, 480)
    async with http.get(f"{emulator.base_url}/control/media/{document['document']['file_id']}") as response:
        assert response.content_type == "application/octet-stream"
        assert response.headers["Content-Disposition"] == "attachment"
    await control("GET", "media/nonsense", expected=404)


@pytest.mark.parametrize(
    ("method", "path", "expected", "body"),
    [
        ("POST", "chats/5/text", 404, {"user_id": 5, "text": "x"}),
        ("POST", "chats/x/text", 404, {"user_id": 5, "text": "x"}),
        ("POST", "chats/{anna}/text", 422, {"user_id": "{anna}", "text": " "}),
        ("POST", "chats/{anna}/media", 422, {"user_id": "{anna}"}),
        ("POST", "chats/{anna}/messages/1/press", 404, {"user_id": "{anna}", "button": "x"}),
        ("POST", "faults", 422, {"nonsense": 1}),
        ("POST", "faults", 422, {"action": "explode"}),
        ("POST", "faults", 400, {"times": "many"}),
        ("PUT", "flood", 422, {"mode": "sometimes"}),
        ("POST", "updates/1/again", 404, {}),
        ("POST", "users", 400, []),
    ],
)
async def test_what_cannot_be_done_is_answered_with_a_sentence(control, anna, method, path, expected, body):
    filled = json.loads(json.dumps(body).replace('"{anna}"', str(anna.id)))
    answer = await control(method, path.replace("{anna}", str(anna.id)), expected=expected, json=filled)
    assert answer["error"]


async def test_faults_flood_and_journal_are_at_hand(control, bot, anna):
    fault = await control("POST", "faults", json={"method": "getMe", "error_code": 502, "description": "Bad Gateway"})
    assert await control("GET", "faults") == [fault]
    assert await bot.refusal("getMe") == "Bad Gateway"
    await control("POST", "faults", json={"method": "getMe"})
    assert await control("DELETE", "faults") == []
    await control("PUT", "flood", json={"mode": "real"})
    assert (await control("GET", "state"))["flood"] == "real"
    (record,) = await control("GET", "journal")
    assert (record["kind"], record["method"], record["status"], record["fault"]) == ("call", "getMe", 502, "error")


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Host": "127.0.0.1.evil.example:80"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://localhost:9"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
async def test_other_sites_are_kept_out(emulator, http, headers):
    bot_api = f"/bot{emulator.bot_token}/setWebhook?url=http://evil.example"
    asked = (("GET", "/control/state"), ("POST", "/control/users"), ("GET", "/"), ("GET", bot_api))
    for method, path in (*asked, ("GET", f"/file/bot{emulator.bot_token}/photos/file_1.jpg")):
        async with http.request(method, emulator.base_url + path, headers=headers) as response:
            assert response.status == 403
    assert emulator.control.users() == []


async def test_a_bot_in_a_container_is_let_in_by_the_name_it_knows(emulator, http):
    host = {"Host": "host.docker.internal:8081"}
    async with http.get(f"{emulator.base_url}/bot{emulator.bot_token}/getMe", headers=host) as response:
        assert response.status == 200
    async with http.get(emulator.base_url + "/control/state", headers=host) as response:
        assert response.status == 403


async def test_the_own_page_is_let_in(emulator, http):
    headers = {"Origin": emulator.base_url, "Sec-Fetch-Site": "same-origin"}
    async with http.get(emulator.base_url + "/control/state", headers=headers) as response:
        assert response.status == 200


async def read_event(stream) -> tuple[str, str, dict]:
    lines = {}
    async for raw in stream:
        line = raw.decode().rstrip("\n")
        if not line and "data" in lines:
            return lines["event"], lines["id"], json.loads(lines["data"])
        name, _, value = line.partition(": ")
        lines[name] = value
    raise AssertionError("the stream ended")


async def test_events_stream_live_and_resume_where_they_stopped(emulator, bot, anna, http):
    url = emulator.base_url + "/control/events"
    async with http.get(url) as stream:
        await bot("sendMessage", chat_id=anna.id, text="hi")
        kind, number, data = await read_event(stream.content)
        assert (kind, data["chat_id"], data["message"]["text"]) == ("message", anna.id, "hi")
        assert (await read_event(stream.content))[0] == "call"
    await bot("editMessageText", chat_id=anna.id, message_id=data["message_id"], text="ho")
    async with http.get(url, headers={"Last-Event-ID": number}) as stream:
        kinds = [(await read_event(stream.content))[0] for _ in range(3)]
    assert kinds == ["call", "edit", "call"]


@pytest.mark.parametrize("after", ["999999", "0"])
async def test_a_listener_from_another_run_is_told_to_start_anew(start, http, after):
    emulator = await start()
    for _ in range(5100 if after == "0" else 1):
        emulator.control.events.publish("tick")
    async with http.get(f"{emulator.base_url}/control/events?after={after}") as stream:
        kind, number, _ = await read_event(stream.content)
    assert (kind, int(number)) == ("reset", emulator.control.events.last)


async def test_a_silent_stream_is_kept_alive(emulator, http, monkeypatch):
    monkeypatch.setattr(page_routes, "KEEP_ALIVE_S", 0.01)
    async with http.get(emulator.base_url + "/control/events") as stream:
        lines = [await asyncio.wait_for(stream.content.readline(), 20) for _ in range(3)]
    assert lines == [b"retry: 500\n", b"\n", b": still here\n"]


async def test_the_page_needs_nothing_from_elsewhere(emulator, http):
    async with http.get(emulator.base_url + "/") as response:
        assert response.content_type == "text/html"
        page = await response.text()
    assert not re.search(r"https?:|//\w+\.\w+|innerHTML|insertAdjacentHTML|document\.write", page)
    assert page == (Path(page_routes.__file__).parent / "page" / "index.html").read_text()
