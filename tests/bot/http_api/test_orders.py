"""Uploads: checked like every other input, bounded in number, size and time, and never a crash."""

import asyncio
import gc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.http_api import orders
from bot.http_api.door import DOOR, MAX_UPLOADS
from storage.job import SlotState
from tests.support import pictures
from tests.support.api import OTHER_KEY, form, open_api
from tests.support.fakes import PHOTO, World, storage_down
from tests.support.waiting import eventually

# aiohttp warns of a header that it cannot read, and goes on without it.
pytestmark = [
    pytest.mark.filterwarnings("ignore::aiohttp.multipart.BadContentDispositionHeader"),
    pytest.mark.filterwarnings("ignore::aiohttp.multipart.BadContentDispositionParam"),
]

MB = 1024 * 1024
BOUNDARY = "b" * 10


@pytest.fixture
def world():
    return World()


@pytest.fixture
async def api(world):
    async with open_api(world.start()) as api:
        yield api


async def test_an_uploaded_picture_is_stored_as_an_input_before_the_task_is_recorded(api, world):
    reply = await api.upload(PHOTO, variations="2", prompt_hints="é", user_id="c7")
    job = world.job(reply.json["task_id"])
    (image,) = job.inputs
    assert image.key.startswith("images/input/")
    assert image.key.endswith(".jpg")
    assert (image.width, image.height, image.content_type) == (64, 48, "image/jpeg")
    assert world.store.objects[image.key].body == PHOTO
    assert (len(job.slots), job.prompt, job.origin.on_behalf_of) == (2, "é", "c7")
    assert world.store.written.index(image.key) < world.store.written.index(f"jobs/{job.id}.json")


async def test_an_uploaded_task_goes_straight_to_its_prediction(api, world):
    reply = await api.upload(PHOTO)
    await api.process.run_ready()
    assert world.job(reply.json["task_id"]).slots[0].state is SlotState.RUNNING
    assert world.faults.calls["photos.fetch"] == world.faults.calls["web.fetch"] == 0


async def test_a_person_and_garments_keep_their_order(api, world):
    person, first = pictures.jpeg(64, 48), pictures.png(40, 40)
    reply = await api.upload(person, first, preset="try_on", prompt_hints="a coat")
    stored = [world.store.objects[image.key].body for image in world.job(reply.json["task_id"]).inputs]
    assert stored == [person, first]


async def test_metadata_and_turning_are_taken_care_of(api, world):
    turned = pictures.exif_rotated_jpeg()
    (image,) = world.job((await api.upload(turned)).json["task_id"]).inputs
    assert b"Exif" not in world.store.objects[image.key].body


@pytest.mark.parametrize(
    ("body", "code", "words"),
    [
        (b"this is no picture", "not_an_image", "не картинка"),
        (b"", "not_an_image", "не картинка"),
        (pictures.truncated(pictures.jpeg()), "truncated", "нет конца"),
        (pictures.bomb_png(), "too_many_pixels", "200 мегапикселей"),
        (pictures.png(1, 6000), "too_narrow", "узкая"),
    ],
)
async def test_a_picture_that_cannot_be_used_is_refused_with_a_sentence(api, world, body, code, words):
    reply = await api.upload(body, headers={"Accept-Language": "ru"})
    assert (reply.status, reply.code, reply.json["detail"]) == (422, "image_refused", code)
    assert reply.pointers == ["/person_image"]
    assert words in reply.json["errors"][0]["detail"]
    assert world.store.keys() == []


async def test_a_picture_beyond_the_limit_is_cut_off(api):
    reply = await api.upload(b"x" * (20 * MB + 1))
    assert (reply.status, reply.code, reply.pointers) == (413, "too_large", ["/person_image"])


async def test_the_same_upload_with_the_same_key_is_the_same_task(api, world):
    first, again = [await api.upload(PHOTO, idempotency_key="order-1") for _ in range(2)]
    assert first.json == again.json
    other = await api.upload(pictures.png(40, 40), idempotency_key="order-1")
    assert (other.status, other.code) == (422, "idempotency_key_reused")
    assert len(world.store.keys("images/")) == 1


async def test_of_two_uploads_with_one_key_at_once_the_recorded_one_keeps_its_picture(api, world):
    one, two = pictures.png(40, 40), pictures.png(50, 50)
    replies = await asyncio.gather(*(api.upload(body, idempotency_key="order-1") for body in (one, two)))
    assert sorted(reply.status for reply in replies) == [202, 422]
    (winner,) = [number for number, reply in enumerate(replies) if reply.status == 202]
    (image,) = world.job(replies[winner].json["task_id"]).inputs
    assert world.store.objects[image.key].body == (one, two)[winner]


async def test_an_upload_whose_task_could_not_be_recorded_may_be_repeated(api, world):
    world.faults.fail("store.put", storage_down, skip=1, times=3)
    assert (await api.upload(PHOTO, idempotency_key="order-1")).status == 503
    world.faults.stop()
    assert (await api.upload(PHOTO, idempotency_key="order-1")).status == 202
    assert len(world.store.keys("images/")) == len(world.store.keys("jobs/")) == 1


@pytest.mark.parametrize(
    ("data", "pointer"),
    [
        (lambda: form(PHOTO, variations="many"), "/variations"),
        (lambda: form(PHOTO, variations="5"), "/variations"),
        (lambda: form(PHOTO, nonsense="1"), "/nonsense"),
        (lambda: form(PHOTO, **{"a/b~": "1"}), "/a~1b~0"),
        (lambda: form(PHOTO, preset="nope"), "/preset"),
        (lambda: form(PHOTO, PHOTO), "/garments"),
        (lambda: form(*[PHOTO] * 15), "/garments"),
        (lambda: form(PHOTO, prompt_hints="x" * 20_000), "/prompt_hints"),
        (lambda: twice("preset"), "/preset"),
        (lambda: twice("person_image"), "/person_image"),
    ],
)
async def test_a_form_that_does_not_fit_is_refused_with_the_place(api, world, data, pointer):
    reply = await api.call("POST", "/tasks", data=data())
    assert (reply.status, reply.code, reply.pointers) == (422, "invalid", [pointer])
    assert world.store.keys() == []


def twice(name):
    data = form(PHOTO)
    for _ in range(2):
        data.add_field(name, "restore", **({"filename": "x"} if name == "person_image" else {}))
    return data


async def test_a_form_of_many_parts_is_too_large(api):
    data = form(PHOTO)
    for number in range(70):
        data.add_field(f"field{number}", "x")
    reply = await api.call("POST", "/tasks", data=data)
    assert (reply.status, reply.code) == (413, "too_large")


def part(name: bytes, body: bytes = b"restore", extra: bytes = b"") -> bytes:
    head = b'--%s\r\nContent-Disposition: form-data; name="%s"\r\n%s\r\n' % (BOUNDARY.encode(), name, extra)
    return head + body + b"\r\n"


END = b"--%s--\r\n" % BOUNDARY.encode()
FORM = f"multipart/form-data; boundary={BOUNDARY}"
EITHER = {"malformed", "invalid"}


@pytest.mark.parametrize(
    ("content_type", "body", "codes"),
    [
        ("multipart/form-data", END, {"malformed"}),
        ("multipart/form-data; boundary=", END, {"malformed"}),
        (FORM, b"", EITHER),
        (FORM, b"nonsense", EITHER),
        (FORM, part(b"preset"), EITHER),
        (FORM, part(b"preset", b"\xff\xfe") + END, {"invalid"}),
        (FORM, part(b"preset") + END, {"invalid"}),
        (FORM, part(b"preset", extra=b"Content-Length: x\r\n") + END, EITHER),
        (FORM, part(b"preset", extra=b"Content-Length: 99\r\n") + END, EITHER),
        (
            FORM,
            part(b"a", extra=b"Content-Type: multipart/mixed; boundary=inner\r\n") + END,
            {"malformed"},
        ),
    ],
)
async def test_a_broken_form_is_the_senders_doing(api, content_type, body, codes):
    reply = await api.call("POST", "/tasks", data=body, headers={"Content-Type": content_type})
    assert reply.code in codes
    assert reply.status in {400, 422}


@settings(max_examples=60)
@given(data=st.data())
def test_no_form_however_mangled_breaks_anything(data):
    whole = part(b"preset") + part(b"person_image", b"x", b"Content-Type: image/png\r\n") + END
    at = data.draw(st.integers(0, len(whole)))
    cut = data.draw(st.integers(0, 6))
    mangled = whole[:at] + data.draw(st.binary(max_size=12)) + whole[at + cut :]

    async def story():
        async with open_api(World().start()) as api:
            headers = {"Content-Type": FORM}
            reply = await api.call("POST", "/tasks", data=mangled, headers=headers)
            assert reply.status in {400, 422}

    asyncio.run(story())


async def test_a_slow_upload_is_given_up(api, monkeypatch):
    monkeypatch.setattr(orders, "UPLOAD_TIMEOUT_S", 0.05)

    async def never_ending():
        yield part(b"preset")
        await asyncio.Event().wait()

    headers = {"Content-Type": FORM}
    reply = await api.call("POST", "/tasks", data=never_ending(), headers=headers)
    assert (reply.status, reply.code) == (408, "too_slow")


async def test_only_so_many_uploads_come_in_at_once(api):
    release = asyncio.Event()

    async def held():
        yield part(b"preset")
        await release.wait()
        yield part(b"person_image", PHOTO) + END

    headers = {"Content-Type": FORM}
    held_up = [
        asyncio.create_task(api.call("POST", "/tasks", data=held(), headers=headers)) for _ in range(MAX_UPLOADS)
    ]
    await eventually(api.client.app[DOOR].uploads.locked)
    reply = await api.with_key(OTHER_KEY).upload(PHOTO)
    assert (reply.status, reply.code, reply.headers["Retry-After"]) == (503, "busy", "2")
    release.set()
    assert {reply.status for reply in await asyncio.gather(*held_up)} == {202}
    assert (await api.with_key(OTHER_KEY).upload(PHOTO)).status == 202


async def test_no_spool_is_left_open(api):
    await api.upload(PHOTO, PHOTO)
    await api.upload(b"x" * (3 * MB))
    gc.collect()  # an open file would be told as a warning, which is an error
