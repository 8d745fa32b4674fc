"""What the emulator serves to a browser: the files of the page, sample photos, previews, the neighbours' journals."""

import io
import re
import tomllib
from pathlib import Path
from typing import get_args

import aiohttp
import pytest
from PIL import ExifTags

from mock_server.replicate.config import MockReplicateConfig
from mock_server.replicate.scenario import Scenario
from mock_server.sandbox import open_sandbox
from mock_server.telegram.config import TelegramEmulatorConfig
from mock_server.telegram.page_files import PAGE_DIRECTORY as PAGE
from mock_server.telegram.samples import SAMPLES, TOO_LARGE_TO_DOWNLOAD, SampleKind, make_sample
from mock_server.telegram.server import run_telegram_emulator
from tests.support import pictures

FILES = sorted(path.name for path in PAGE.iterdir())
MODULES = [name for name in FILES if name.endswith(".js")]
SVG_NAMESPACE = "http://www.w3.org/2000/svg"  # a name, not an address


@pytest.fixture
def get(emulator, http):
    async def fetch(path, expected=200):
        async with http.get(emulator.base_url + path) as response:
            assert response.status == expected, await response.text()
            return response, await response.read()

    return fetch


async def test_the_page_and_its_files_are_served_with_their_types(get):
    types = {"page.css": "text/css", "icon.svg": "image/svg+xml", "page.js": "text/javascript"}
    for name, mime_type in types.items():
        response, body = await get(f"/page/{name}")
        assert (response.content_type, response.charset) == (mime_type, "utf-8")
        assert name == "page.js" or body == (PAGE / name).read_bytes()
    assert body.count(b"\n// ---- ") == len(MODULES) - 1, "the modules come as one script"
    response, body = await get("/")
    assert response.content_type == "text/html"
    assert body == (PAGE / "index.html").read_bytes()
    assert sorted(re.findall(rb'(?:src|href)="/page/([^"]+)"', body)) == sorted(name.encode() for name in types)


@pytest.mark.parametrize(
    "path", ["/page/", "/page/main.js", "/page/page_routes.py", "/page/..%2Fserver.py", "/page/%2e%2e/server.py"]
)
async def test_nothing_else_is_served(get, path):
    await get(path, expected=404)


async def test_the_policy_lets_nothing_run_or_load_but_the_pages_own_files(get):
    response, _ = await get("/")
    policy = dict(part.strip().split(" ", 1) for part in response.headers["Content-Security-Policy"].split(";"))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == "'self'"
    assert policy["frame-ancestors"] == policy["form-action"] == policy["base-uri"] == "'none'"
    assert "unsafe" not in response.headers["Content-Security-Policy"]
    assert response.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("name", FILES)
def test_no_file_of_the_page_names_a_host_or_writes_html(name):
    source = (PAGE / name).read_text().replace(SVG_NAMESPACE, "")
    assert not re.search(r"https?://|['\"(]//\w", source)
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|new Function|srcdoc", source)


def test_the_html_has_nothing_inline_that_the_policy_would_stop():
    html = (PAGE / "index.html").read_text()
    assert not re.search(r"<style|\sstyle=|\son\w+=", html)
    assert re.findall(r"<script[^>]*>([^<]*)</script>", html) == [""]


def test_every_icon_that_is_asked_for_exists():
    html = (PAGE / "index.html").read_text()
    for script in MODULES:
        for name in re.findall(r"\bicon(?:Button)?\(\"(\w+)\"", (PAGE / script).read_text()):
            assert f'id="icon-{name}"' in html


def test_every_file_of_the_page_is_shipped():
    project = tomllib.loads((Path(__file__).parents[3] / "pyproject.toml").read_text())
    patterns = project["tool"]["setuptools"]["package-data"]["*"]
    assert {f"*{Path(name).suffix}" for name in FILES} <= set(patterns)


async def test_samples_are_listed_and_every_one_can_be_had(get):
    response, body = await get("/control/samples")
    listed = await response.json()
    assert [one["name"] for one in listed] == [sample.name for sample in SAMPLES]
    assert {one["kind"] for one in listed} == set(get_args(SampleKind))
    for sample in SAMPLES:
        response, body = await get(f"/control/samples/{sample.name}")
        assert response.content_type == sample.mime_type
        assert body == make_sample(sample.name)
    await get("/control/samples/other.jpg", expected=404)


def test_good_samples_are_photos_and_traps_are_what_they_say():
    for sample in SAMPLES:
        if sample.kind == "photo":
            assert pictures.opened(sample.make()).size == (1280, 960)
    assert (pictures.opened(make_sample("camera.webp")).mode, len(make_sample("scan.pdf")) > 0) == ("RGBA", True)
    assert pictures.opened(make_sample("phone.jpg")).size == (4000, 3000)
    assert pictures.opened(make_sample("phone.jpg")).getexif().get_ifd(ExifTags.IFD.GPSInfo)
    assert pictures.opened(make_sample("narrow.png")).size == (1, 6000)
    assert pictures.opened(make_sample("cmyk.jpg")).mode == "CMYK"
    assert pictures.opened(make_sample("rotated.jpg")).getexif()[pictures.EXIF_ORIENTATION] == 6
    assert pictures.opened(make_sample("animated.gif")).n_frames == 7
    assert len(make_sample("large.jpg")) == TOO_LARGE_TO_DOWNLOAD > 20 * 1024 * 1024
    assert pictures.opened(make_sample("large.jpg")).size == (64, 48)
    assert (
        int.from_bytes(make_sample("bomb.png")[16:20]) * int.from_bytes(make_sample("bomb.png")[20:24]) == 200_000_000
    )
    for name in ("not-an-image.jpg", "truncated.jpg"):
        with pytest.raises(OSError, match=r"identify|truncated"):
            pictures.opened(make_sample(name))
    with pytest.raises(LookupError):
        make_sample("other.jpg")


async def test_an_image_sent_as_a_file_has_a_preview_and_other_files_have_none(emulator, get):
    anna = emulator.control.add_user("Anna")
    sent = await anna.send_photo(pictures.png(2000, 1000), as_file=True, filename="scan.png")
    response, body = await get(f"/control/preview/{sent.document.file_id}")
    assert response.content_type == "image/jpeg"
    assert pictures.opened(body).size == (1280, 640)
    for data in (b"<svg onload=alert(1)>", make_sample("bomb.png"), make_sample("truncated.jpg")):
        sent = await anna.send_photo(data, as_file=True, filename="trap.png")
        await get(f"/control/preview/{sent.document.file_id}", expected=415)
    await get("/control/preview/nonsense", expected=404)


async def test_messages_can_be_read_in_portions_from_the_newest_on(emulator, get):
    anna = emulator.control.add_user("Anna")
    for number in range(7):
        await anna.send_text(str(number))

    async def texts(query):
        response, _ = await get(f"/control/chats/{anna.id}/messages{query}")
        return [message["text"] for message in await response.json()]

    assert await texts("") == list("0123456")
    assert await texts("?limit=3") == list("456")
    before = anna.messages[4].message_id
    assert await texts(f"?limit=3&before={before}") == list("123")
    assert await texts(f"?before={before}") == list("0123")


async def test_the_journal_can_be_read_from_a_number_on(bot, get):
    await bot("getMe")
    await bot("getMe")
    first, second = await (await get("/control/journal"))[0].json()
    assert await (await get(f"/control/journal?after={first['seq']}"))[0].json() == [second]


async def test_alone_the_emulator_has_no_neighbours(get):
    response, _ = await get("/control/neighbours")
    assert await response.json() == []
    await get("/control/neighbours/Replicate/journal", expected=404)


@pytest.fixture
async def sandbox():
    mock = MockReplicateConfig(delay_s=(0, 0), webhook_retry_base_s=0.01, webhook_give_up_s=0.01)
    async with open_sandbox(telegram=TelegramEmulatorConfig(), replicate=mock) as opened:
        yield opened


@pytest.fixture
def neighbour(sandbox, http):
    async def call(method, path, expected=200, **request):
        url = f"{sandbox.telegram.base_url}/control/neighbours{path}"
        async with http.request(method, url, **request) as response:
            assert response.status == expected, await response.text()
            return await response.json()

    return call


async def test_the_neighbours_journal_shows_calls_and_webhooks_without_secrets(sandbox, neighbour, http):
    secret = "0123456789abcdef" * 2
    body = {
        "version": "a" * 64,
        "input": {"image": f"http://127.0.0.1:9/files/images/input/x.jpg?e=1&s={secret}", "prompt": "a=1&s=b"},
        "webhook": f"http://127.0.0.1:9/hook?job=e48bda86-f111-510a-bab1-c623ce3ca611&slot=0&ref={secret}",
        "webhook_events_filter": ["completed"],
    }
    headers = {"Authorization": "Bearer r8_hidden"}
    async with http.post(f"{sandbox.replicate.base_url}/v1/predictions", json=body, headers=headers) as response:
        prediction = await response.json()
    await sandbox.replicate.control.ended(prediction["id"])
    await sandbox.replicate.control.idle()
    created, webhook = (await neighbour("GET", "/Replicate/journal"))[:2]
    assert (created["to_bot"], created["title"], created["status"]) == (False, "POST /v1/predictions", 201)
    assert (webhook["to_bot"], webhook["title"], webhook["status"]) == (True, "webhook completed", None)
    assert webhook["error"] == "ClientConnectorError"
    assert created["keys"] == webhook["keys"] == [prediction["id"]]
    assert created["request"]["webhook"].endswith("job=e48bda86-f111-510a-bab1-c623ce3ca611&slot=0&ref=***")
    assert created["response"]["the prediction as it is now"]["status"] == "failed"  # nothing listens at its input
    assert created["curl"]["headers"]["Authorization"] == "Bearer $REPLICATE_API_TOKEN"
    shown = str([created, webhook])
    assert secret not in shown
    assert "r8_hidden" not in shown


async def test_the_neighbours_switches_can_be_turned_and_held_predictions_released(sandbox, neighbour, http):
    (view,) = await neighbour("GET", "")
    assert (view["name"], view["scenario"], view["scenarios"][0]["id"]) == ("Replicate", "well", "well")
    for choice in [one["id"] for one in view["scenarios"]]:
        chosen = await neighbour("PUT", "/Replicate/scenario", json={"scenario": choice})
        assert chosen["scenario"] == choice
    await neighbour("PUT", "/Replicate/scenario", json={"scenario": "held"})
    assert sandbox.replicate.control.scenario == Scenario(hold="processing")
    body = {"version": "a" * 64, "input": {}}
    headers = {"Authorization": "Bearer r8_x"}
    async with http.post(f"{sandbox.replicate.base_url}/v1/predictions", json=body, headers=headers) as response:
        assert response.status == 201
    assert await neighbour("POST", "/Replicate/release") == {"released": 1}
    assert "held" in (await neighbour("PUT", "/Replicate/scenario", expected=422, json={"scenario": "x"}))["error"]
    await neighbour("PUT", "/Replicate/scenario", expected=400, data=b"{", headers={"Content-Type": "application/json"})
    await neighbour("PUT", "/Other/scenario", expected=404, json={"scenario": "well"})
    sandbox.replicate.control.scenario = Scenario(delay_s=3)
    assert (await neighbour("GET", ""))[0]["scenario"] == ""


async def test_other_sites_cannot_turn_the_neighbours_switches(sandbox, neighbour):
    await neighbour(
        "PUT",
        "/Replicate/scenario",
        expected=403,
        json={"scenario": "fails"},
        headers={"Origin": "http://evil.example"},
    )
    assert sandbox.replicate.control.scenario == Scenario()


async def test_hostile_names_and_captions_reach_the_page_as_plain_json(get):
    async with run_telegram_emulator() as emulator, aiohttp.ClientSession() as session:
        anna = emulator.control.add_user("<img src=x onerror=alert(1)>")
        form = aiohttp.FormData(quote_fields=False)
        for name, value in {"user_id": str(anna.id), "kind": "file", "caption": "</script><b>"}.items():
            form.add_field(name, value)
        form.add_field("photo0", io.BytesIO(b"x"), filename="a<b>.svg")
        async with session.post(f"{emulator.base_url}/control/chats/{anna.id}/media", data=form) as response:
            assert response.content_type == "application/json"
            (message,) = await response.json()
    assert message["caption"] == "</script><b>"
    assert message["document"]["file_name"] == "a<b>.svg"
