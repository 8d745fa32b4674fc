"""Tasks over HTTP: started, looked at, canceled, listed; the job behind one is a job like any other."""

import asyncio
import uuid
from dataclasses import replace

import pytest

from replicate_gateway.prediction import PredictionStatus
from storage.errors import StorageRefusedError
from tests.support.api import IMAGE_URL, OTHER_KEY, open_api
from tests.support.fakes import LIMITS, RESULT, World, storage_down, submission

GARMENT_URL = "https://pictures.example/garment.jpg"


@pytest.fixture
def world():
    return World()


@pytest.fixture
def process(world):
    return world.start()


@pytest.fixture
async def api(process):
    async with open_api(process) as api:
        yield api


async def finish(process):
    """Let everything that was started come to its end, with success."""
    for _ in range(5):
        await process.run_ready()
        for prediction_id in process.world.replicate.running:
            process.world.replicate.succeed(prediction_id)
        await process.deliver_callbacks()


# ---------------------------------------------------------------- start


async def test_a_started_task_is_recorded_before_it_is_answered(api, world):
    reply = await api.start()
    assert reply.status == 202
    task_id = reply.json["task_id"]
    assert reply.json == {"task_id": task_id, "status": "pending"}
    assert reply.headers["Location"] == f"/api/v1/tasks/{task_id}"
    job = world.job(task_id)
    assert [image.url for image in job.inputs] == [IMAGE_URL]
    assert job.origin.chat_id is None
    assert world.store.keys("open/") == [f"open/{task_id}"]


async def test_all_that_is_asked_for_is_in_the_record(api, world):
    asked = {"preset": "try_on", "garments": [GARMENT_URL], "prompt_hints": "a red coat", "variations": 3}
    reply = await api.start(**asked, user_id="customer-7")
    job = world.job(reply.json["task_id"])
    assert (job.preset, job.prompt, job.origin.on_behalf_of) == ("try_on", "a red coat", "customer-7")
    assert [image.url for image in job.inputs] == [IMAGE_URL, GARMENT_URL]
    assert len({slot.seed for slot in job.slots}) == 3


async def test_each_garment_is_tried_on_in_each_variation(api, world, process):
    garments = [f"https://pictures.example/{name}.jpg" for name in ("coat", "hat", "scarf")]
    task_id = (await api.start(preset="try_on", garments=garments, variations=2)).json["task_id"]
    await finish(process)
    task = (await api.task(task_id)).json
    assert (task["variations"], len(task["garments"]), task["progress"]["results_total"]) == (2, 3, 6)
    assert [(result["garment"], result["variation"]) for result in task["results"]] == [
        (garment, variation) for garment in range(3) for variation in (1, 2)
    ]
    asked = [request.input for request in world.replicate.requests.values()]
    assert len({one["garm_img"] for one in asked}) == 3
    assert len({one["human_img"] for one in asked}) == 1
    assert len({one["seed"] for one in asked}) == 6


async def test_a_task_makes_ten_results_at_most(api):
    garments = [f"https://pictures.example/{number}.jpg" for number in range(11)]
    for asked, pointer in (
        ({"garments": garments[:4], "variations": 3}, "/variations"),
        ({"garments": garments}, "/garments"),
    ):
        reply = await api.start(preset="try_on", **asked)
        assert (reply.status, reply.pointers) == (422, [pointer])
    assert (await api.start(preset="try_on", garments=garments[:5], variations=2)).status == 202


async def test_the_same_idempotency_key_gives_the_same_task(api, world, process):
    first = await api.start("order-1", variations=2)
    again = await api.start("order-1", variations=2)
    assert first.json == again.json
    await finish(process)
    late = await api.start("order-1", variations=2)
    assert late.json == {"task_id": first.json["task_id"], "status": "completed"}
    assert len(world.store.keys("jobs/")) == len(world.store.keys("listed/")) == 1
    assert len(world.replicate.predictions) == 2


async def test_five_at_once_with_the_same_idempotency_key_are_one_task(api, world):
    replies = await asyncio.gather(*(api.start("order-1") for _ in range(5)))
    assert len({reply.json["task_id"] for reply in replies}) == 1
    assert len(world.store.keys("jobs/")) == len(world.store.keys("listed/")) == 1


async def test_without_an_idempotency_key_each_request_is_a_task(api):
    assert len({(await api.start()).json["task_id"] for _ in range(2)}) == 2


async def test_an_idempotency_key_belongs_to_the_api_key_that_used_it(api):
    mine, theirs = await api.start("order-1"), await api.with_key(OTHER_KEY).start("order-1")
    assert mine.json["task_id"] != theirs.json["task_id"]


@pytest.mark.parametrize(
    "other", [{"variations": 2}, {"prompt_hints": "x"}, {"person_image": GARMENT_URL}, {"preset": "faces"}]
)
async def test_an_idempotency_key_is_not_taken_for_another_request(api, other):
    await api.start("order-1")
    reply = await api.start("order-1", **other)
    assert (reply.status, reply.code) == (422, "idempotency_key_reused")


async def test_of_two_different_requests_with_one_key_at_once_one_is_refused(api, world):
    replies = await asyncio.gather(api.start("order-1"), api.start("order-1", variations=2))
    assert sorted(reply.status for reply in replies) == [202, 422]
    assert len(world.store.keys("jobs/")) == 1


@pytest.mark.parametrize("key", ["", "with space", "ключ", "x" * 256])
async def test_an_idempotency_key_of_another_form_is_refused(api, key):
    reply = await api.call("POST", "/tasks", json={"person_image": IMAGE_URL}, headers={"Idempotency-Key": key})
    assert (reply.status, reply.code) == (422, "invalid")


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("skip", [0, 1, 2])
async def test_a_task_whose_answer_was_lost_is_found_again_by_its_key_and_listed_once(api, world, skip, when):
    world.faults.fail("store.put", storage_down, skip=skip, times=1, when=when)
    reply = await api.start("order-1")
    assert (reply.status, reply.code) == (503, "unavailable")
    assert reply.headers["Retry-After"]
    world.clock.advance(1)
    again = await api.start("order-1")
    assert again.status == 202
    assert len(world.store.keys("jobs/")) == len(world.store.keys("open/")) == 1
    (task,) = (await api.call("GET", "/tasks")).json["tasks"]
    assert task["task_id"] == again.json["task_id"]


@pytest.mark.parametrize(
    ("request_", "pointer"),
    [
        ({"preset": "nope"}, "/preset"),
        ({"preset": "describe"}, "/preset"),
        ({"garments": [GARMENT_URL]}, "/garments"),
        ({"preset": "try_on"}, "/garments"),
        ({"preset": "edit"}, "/prompt_hints"),
        ({"preset": "edit", "prompt_hints": "  "}, "/prompt_hints"),
        ({"variations": 0}, "/variations"),
        ({"variations": 5}, "/variations"),
        ({"variations": "2"}, "/variations"),
        ({"variations": True}, "/variations"),
        ({"prompt_hints": "x" * 2001}, "/prompt_hints"),
        ({"user_id": "with space"}, "/user_id"),
        ({"extra": 1}, "/extra"),
        ({"person_image": "http://pictures.example/a.jpg"}, "/person_image"),
        ({"person_image": "https://user:word@pictures.example/a.jpg"}, "/person_image"),
        ({"person_image": "https://127.0.0.1/a.jpg"}, "/person_image"),
        ({"person_image": "https://[::1]/a.jpg"}, "/person_image"),
        ({"person_image": "https://2130706433/a.jpg"}, "/person_image"),
        ({"person_image": "https://[/a.jpg"}, "/person_image"),
        ({"person_image": "ftp://pictures.example/a.jpg"}, "/person_image"),
        ({"preset": "try_on", "garments": ["https://10.0.0.1/a.jpg"]}, "/garments/0"),
        ({"garments": "https://pictures.example/a.jpg"}, "/garments"),
        ({"person_image": None}, "/person_image"),
    ],
)
async def test_what_does_not_fit_is_refused_with_the_place(api, world, request_, pointer):
    reply = await api.start(**request_)
    assert (reply.status, reply.code, reply.pointers) == (422, "invalid", [pointer])
    assert world.store.keys("jobs/") == []


@pytest.mark.parametrize("body", [b"", b"{", b"\xff\xfe", b"nonsense", b'{"person_image": "\\ud800"}'])
async def test_what_cannot_be_read_is_malformed(api, body):
    reply = await api.call("POST", "/tasks", data=body, headers={"Content-Type": "application/json"})
    assert (reply.status, reply.code) == (400, "malformed")


@pytest.mark.parametrize("body", [b"[]", b"1", b"null", b'"text"'])
async def test_json_that_is_no_object_is_invalid(api, body):
    reply = await api.call("POST", "/tasks", data=body, headers={"Content-Type": "application/json"})
    assert (reply.status, reply.code) == (422, "invalid")


async def test_another_content_type_is_not_taken(api):
    reply = await api.call("POST", "/tasks", data=b"x", headers={"Content-Type": "text/plain"})
    assert (reply.status, reply.code) == (415, "unsupported_media_type")


async def test_a_document_of_a_megabyte_is_too_large(api):
    reply = await api.call("POST", "/tasks", json={"person_image": "x" * 1_000_001})
    assert (reply.status, reply.code) == (413, "too_large")


# ---------------------------------------------------------------- limits


async def test_a_key_has_so_many_unfinished_tasks_and_no_more(world):
    process = world.start(limits_of(api_max_active=2))
    async with open_api(process) as api:
        first = await api.start("order-1")
        await process.run_ready()
        await api.start("order-2")
        await process.run_ready()
        refused = await api.start("order-3")
        assert (refused.status, refused.code) == (429, "too_many_active")
        assert int(refused.headers["Retry-After"]) > 0
        assert (await api.start("order-1")).json["task_id"] == first.json["task_id"]
        assert (await api.with_key(OTHER_KEY).start()).status == 202
        await finish(process)
        assert (await api.start("order-3")).status == 202


async def test_the_days_tasks_of_a_key_are_refused_with_the_time_until_the_next(world):
    process = world.start(limits_of(api_daily=1))
    async with open_api(process) as api:
        await api.start()
        await finish(process)
        world.clock.advance(3600)
        refused = await api.start()
        assert (refused.status, refused.code) == (429, "daily_quota")
        assert 22 * 3600 < int(refused.headers["Retry-After"]) <= 23 * 3600
        world.clock.advance(23 * 3600 + 1)
        assert (await api.start()).status == 202


async def test_people_in_chats_and_keys_have_limits_of_their_own(world):
    process = world.start(limits_of(user_max_active=1, api_max_active=5))
    async with open_api(process) as api:
        for number in range(3):
            await process.submit(submission(number))
            await api.start()
        await process.run_ready()
    started = [request.webhook for request in world.replicate.requests.values()]
    assert len(started) == 1 + 3


def limits_of(**changes):
    return replace(LIMITS, **changes)


# ---------------------------------------------------------------- the way of a task


async def test_a_task_goes_the_way_of_every_job_and_shows_its_results(api, world, process):
    task_id = (await api.start(preset="try_on", garments=[GARMENT_URL], variations=2, user_id="c7")).json["task_id"]
    seen = [(await api.task(task_id)).json["progress"]["stage"]]
    await process.run_ready()
    seen.append((await api.task(task_id)).json["progress"]["stage"])
    first, second = world.replicate.running
    world.replicate.succeed(first)
    await process.deliver_callbacks()
    await process.run_ready()
    half = (await api.task(task_id)).json
    assert (half["progress"]["results_done"], half["progress"]["results_total"]) == (1, 2)
    assert 0 < half["progress"]["fraction"] < 1
    assert half["results"] == []
    world.replicate.succeed(second)
    await process.deliver_callbacks()
    await process.run_ready()
    done = (await api.task(task_id)).json
    assert [*seen, half["progress"]["stage"], done["progress"]["stage"]] == [
        "waiting",
        "generating",
        "generating",
        "ended",
    ]
    assert (done["status"], done["user_id"], done["error"]) == ("completed", "c7", None)
    assert [result["variation"] for result in done["results"]] == [1, 2]
    assert {result["seed"] for result in done["results"]} == {slot.seed for slot in world.job(task_id).slots}
    assert done["result_url"] == done["results"][0]["url"]
    assert done["results"][0]["size_bytes"] == len(RESULT)
    assert (done["person_image"]["width"], done["person_image"]["height"]) == (64, 48)
    assert len(done["garments"]) == 1
    assert done["created_at"] < done["urls_expire_at"]
    assert world.is_closed(task_id)
    assert world.chat.messages == {}


async def test_a_finished_task_is_in_the_history_of_its_key(api, world, process):
    await api.start()
    await finish(process)
    (key,) = world.store.keys("history/")
    assert key.startswith("history/api-")


async def test_a_key_appears_nowhere(api, world, process):
    await api.start()
    await finish(process)
    assert not [key for key, kept in world.store.objects.items() if api.key in key or api.key.encode() in kept.body]


@pytest.mark.parametrize(
    ("accept", "language", "words"),
    [("ru", "ru", "не нашла лица"), ("pt-PT, en;q=0.5", "pt-BR", "não encontrou"), ("de", "en", "found no face")],
)
async def test_a_failed_task_says_why_in_the_callers_language(api, world, process, accept, language, words):
    task_id = (await api.start()).json["task_id"]
    await process.run_ready()
    world.replicate.end(world.replicate.running[0], PredictionStatus.FAILED, error="no face found")
    await process.deliver_callbacks()
    await process.run_ready()
    reply = await api.task(task_id, **{"Accept-Language": accept})
    assert (reply.json["status"], reply.json["error"]["code"]) == ("failed", "no_face")
    assert words in reply.json["error"]["message"]
    assert reply.headers["Content-Language"] == language
    assert "Retry-After" not in reply.headers


async def test_a_picture_that_cannot_be_used_fails_the_task_with_a_sentence(api, world, process):
    world.web.bodies[IMAGE_URL] = b"not a picture"
    task_id = (await api.start()).json["task_id"]
    await process.run_ready()
    assert (await api.task(task_id)).json["error"]["code"] == "not_an_image"


async def test_a_poll_is_answered_304_until_something_changes(api, world, process):
    task_id = (await api.start()).json["task_id"]
    first = await api.task(task_id)
    assert first.headers["Retry-After"] == "3"
    same = await api.task(task_id, **{"If-None-Match": first.headers["ETag"]})
    weak = await api.task(task_id, **{"If-None-Match": f'"other", W/{first.headers["ETag"]}'})
    assert (same.status, weak.status) == (304, 304)
    assert same.headers["ETag"] == first.headers["ETag"]
    await process.run_ready()
    changed = await api.task(task_id, **{"If-None-Match": first.headers["ETag"]})
    assert changed.status == 200
    other_language = await api.task(task_id, **{"If-None-Match": changed.headers["ETag"], "Accept-Language": "ko"})
    assert other_language.status == 200


async def test_links_are_renewed_before_they_end(api, world, process):
    task_id = (await api.start()).json["task_id"]
    await finish(process)
    first = await api.task(task_id)
    world.clock.advance(1700)
    early = await api.task(task_id, **{"If-None-Match": first.headers["ETag"]})
    world.clock.advance(1700)
    late = await api.task(task_id, **{"If-None-Match": first.headers["ETag"]})
    assert late.status == 200
    assert late.json["urls_expire_at"] > first.json["urls_expire_at"]
    assert {early.status} <= {200, 304}


async def test_a_poll_of_a_task_that_this_process_knows_reads_no_storage(api, world, process):
    running = (await api.start()).json["task_id"]
    await finish(process)
    other = (await api.start()).json["task_id"]
    await process.run_ready()
    for task_id in (running, other):
        await api.task(task_id)
    before = world.faults.calls.copy()
    for _ in range(3):
        for task_id in (running, other):
            assert (await api.task(task_id)).status == 200
    assert world.faults.calls == before


@pytest.mark.parametrize("task_id", ["8f889cae-84c0-44ae-9224-e87d88c9e7d7", "nonsense", "..%2f..", "x" * 500])
async def test_a_task_that_is_not_there_is_not_found(api, task_id):
    assert (await api.task(task_id)).code == "no_such_task"
    reply = await api.call("POST", f"/tasks/{task_id}/cancel")
    assert (reply.status, reply.code) == (404, "no_such_task")


async def test_a_task_of_another_key_or_of_a_chat_is_not_there(api, process):
    theirs = (await api.with_key(OTHER_KEY).start()).json["task_id"]
    await process.submit(submission(1))
    for task_id in (theirs, submission(1).job_id):
        assert (await api.task(task_id)).status == 404
        assert (await api.call("POST", f"/tasks/{task_id}/cancel")).status == 404


# ---------------------------------------------------------------- cancel


async def test_a_task_can_be_canceled_and_its_prediction_is_stopped(api, world, process):
    task_id = (await api.start()).json["task_id"]
    await process.run_ready()
    reply = await api.call("POST", f"/tasks/{task_id}/cancel")
    assert (reply.status, reply.json["status"]) == (202, "processing")
    await process.run_ready()
    assert (await api.task(task_id)).json["status"] == "canceled"
    assert world.replicate.running == []
    again = await api.call("POST", f"/tasks/{task_id}/cancel")
    assert (again.status, again.json["status"]) == (200, "canceled")


# ---------------------------------------------------------------- list


async def test_tasks_are_listed_newest_first_page_by_page(api, world, process):
    expected = []
    for number in range(5):
        expected.insert(0, (await api.start(f"order-{number}")).json["task_id"])
        world.clock.advance(1)
    await api.with_key(OTHER_KEY).start()
    found, cursor = [], ""
    for _ in range(3):
        reply = await api.call("GET", f"/tasks?limit=2{cursor and f'&cursor={cursor}'}")
        found += [task["task_id"] for task in reply.json["tasks"]]
        cursor = reply.json["next_cursor"]
    assert found == expected
    assert cursor is None


async def test_a_list_shows_failed_and_canceled_tasks_too(api, process):
    task_id = (await api.start()).json["task_id"]
    await process.run_ready()
    await api.call("POST", f"/tasks/{task_id}/cancel")
    await process.run_ready()
    (task,) = (await api.call("GET", "/tasks")).json["tasks"]
    assert task["status"] == "canceled"


async def test_a_record_that_cannot_be_read_is_left_out_of_the_list(api, world):
    broken, whole = (await api.start()).json["task_id"], (await api.start()).json["task_id"]
    async with open_api(world.start()) as restarted:
        world.store.put_now(f"jobs/{broken}.json", b"nonsense")
        reply = await restarted.call("GET", "/tasks")
    assert [task["task_id"] for task in reply.json["tasks"]] == [whole]


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=101", "limit=x", "limit=", "cursor=x", "cursor=../../jobs", "limit=²"]
)
async def test_a_page_that_cannot_be_is_refused(api, query):
    reply = await api.call("GET", f"/tasks?{query}")
    assert (reply.status, reply.code) == (422, "invalid")


# ---------------------------------------------------------------- worker


async def test_the_worker_processes_the_oldest_pending_task_now(world):
    first = world.start()
    await first.submit(submission(1))
    world.clock.advance(1)
    await first.submit(submission(2))
    await first.crash()
    process = world.start()
    async with open_api(process) as api:
        reply = await api.call("POST", "/worker")
        assert (reply.status, reply.json) == (202, {"task_id": submission(1).job_id, "status": "pending"})
        assert set(process.queue.ready()) == {submission(1).job_id, submission(2).job_id}
        await process.run_ready()
        assert len(world.replicate.running) == 2
        idle = await api.call("POST", "/worker")
    assert (idle.status, idle.body) == (204, b"")


# ---------------------------------------------------------------- whatever goes wrong


@pytest.mark.parametrize("path", ["/tasks", "/tasks/{}", "/tasks/{}/cancel", "/worker"])
async def test_a_storage_that_is_away_is_said_to_be(world, path):
    async with open_api(world.start()) as api:
        task_id = (await api.start()).json["task_id"]
    async with open_api(world.start()) as api:
        method = "GET" if path in {"/tasks", "/tasks/{}"} else "POST"
        world.faults.fail("store", storage_down, times=1)
        reply = await api.call(method, path.format(task_id))
        assert (reply.status, reply.code) == (503, "unavailable")
        assert int(reply.headers["Retry-After"]) > 0
        world.faults.fail("store", StorageRefusedError("no permission"), times=1)
        refused = await api.call(method, path.format(task_id))
        assert (refused.status, refused.code) == (503, "unavailable")
        assert b"permission" not in refused.body


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/tasks"),
        ("GET", "/tasks"),
        ("GET", f"/tasks/{uuid.UUID(int=1)}"),
        ("POST", f"/tasks/{uuid.UUID(int=1)}/cancel"),
        ("POST", "/worker"),
    ],
)
async def test_a_mistake_of_ours_tells_nothing_of_itself(api, world, method, path):
    world.faults.fail("store", ZeroDivisionError("secret detail"), times=2)
    reply = await api.call(
        method, path, **({"json": {"person_image": IMAGE_URL}} if path == "/tasks" and method == "POST" else {})
    )
    assert (reply.status, reply.code) == (500, "internal")
    assert b"secret" not in reply.body
