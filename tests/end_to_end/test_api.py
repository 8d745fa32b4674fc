"""A front end starts tasks over HTTP, polls them, and gets its pictures: the same jobs as those of the chat."""

import json

import pytest
from pydantic import SecretStr

from mock_server.replicate.scenario import Scenario
from tests.support import pictures
from tests.support.darkroom import running_bot
from tests.support.flow import PHOTO, all_closed, impatient, records, stored
from tests.support.front_end import KEY, front_end, picture_host
from tests.support.waiting import eventually


def settings_of(world, folder, **changes):
    return world.settings(folder, api_keys=(SecretStr(KEY),), **changes)


@pytest.mark.parametrize("webhooks", [True, False])
async def test_a_task_with_a_url_comes_back_with_a_link_to_its_result(world, tmp_path, webhooks):
    settings = settings_of(world, tmp_path, webhooks=webhooks)
    async with running_bot(settings, impatient()), picture_host(PHOTO) as image_url:
        async with front_end(f"http://127.0.0.1:{settings.port}") as page:
            task = await page.ended(await page.start("order-1", image_url=image_url))
            result = await page.download(task["result_url"])
            given = await page.download(task["person_image"]["url"])
            figures = (await page.download(f"http://127.0.0.1:{settings.port}/metrics")).decode()
        await all_closed(tmp_path)
    assert (task["status"], task["error"]) == ("completed", None)
    assert pictures.opened(result).size == (task["results"][0]["width"], task["results"][0]["height"])
    assert given == PHOTO
    assert 'darkroom_api_requests_total{operation="startTask",status="202"} 1.0' in figures
    assert 'darkroom_outside_calls_total{call="download",outcome="ok",party="callers_urls"} 1.0' in figures
    assert 'darkroom_jobs_total{preset="restore",status="completed"} 1.0' in figures
    assert len(world.models.predictions()) == 1
    assert len(stored(tmp_path, "history")) == len(stored(tmp_path, "listed")) == 1
    assert not world.chat.journal.calls_of("sendMessage")
    assert not world.chat.journal.calls_of("sendPhoto")


async def test_an_upload_with_variations_gives_as_many_results_in_order(world, tmp_path):
    settings = settings_of(world, tmp_path)
    async with running_bot(settings, impatient()), front_end(settings.base_url) as page:
        options = {"preset": "edit", "prompt_hints": "a red hat", "variations": 3, "user_id": "customer-7"}
        task = await page.ended(await page.start("order-1", upload=PHOTO, **options))
        bodies = [await page.download(result["url"]) for result in task["results"]]
    assert [result["variation"] for result in task["results"]] == [1, 2, 3]
    assert len(set(bodies)) == 3
    assert len({result["seed"] for result in task["results"]}) == 3
    assert (task["user_id"], task["prompt_hints"]) == ("customer-7", "a red hat")


async def test_a_person_and_a_garment_are_tried_on(world, tmp_path):
    settings = settings_of(world, tmp_path)
    async with (
        running_bot(settings, impatient()),
        picture_host(PHOTO) as image_url,
        front_end(settings.base_url) as page,
    ):
        task_id = await page.start(
            "order-1", image_url=image_url, preset="try_on", garments=[image_url], prompt_hints="a coat"
        )
        task = await page.ended(task_id)
    (prediction,) = world.models.predictions()
    assert {"human_img", "garm_img", "garment_des", "seed"} <= set(prediction.order.model_input)
    assert (task["status"], len(task["garments"])) == ("completed", 1)


async def test_a_task_and_a_photo_from_a_chat_have_the_same_record(world, tmp_path):
    settings = settings_of(world, tmp_path)
    async with running_bot(settings, impatient()), front_end(settings.base_url) as page:
        person = world.person()
        await person.send_photo(PHOTO)
        await person.expect(photo=True)
        await page.ended(await page.start("order-1", upload=PHOTO))
        await all_closed(tmp_path)
    chat, task = records(tmp_path)
    different = {key for key in {*chat, *task} if key not in chat or key not in task}
    assert different <= {"message_ids", "handed"}, "nothing was handed over where there is no chat"
    assert set(chat["slots"][0]) == set(task["slots"][0])
    assert {r["status"] for r in (chat, task)} == {"completed"}
    assert person.pings == 1


@pytest.mark.parametrize(
    ("scenario", "code"),
    [(Scenario(fail="nsfw"), "model_refused_content"), (Scenario(create_status=402), "service_credit")],
)
async def test_a_task_that_fails_says_why(world, tmp_path, scenario, code):
    world.models.next_scenario(scenario)
    settings = settings_of(world, tmp_path)
    async with running_bot(settings, impatient()), front_end(settings.base_url) as page:
        task = await page.ended(await page.start("order-1", upload=PHOTO))
        await all_closed(tmp_path)
    assert (task["status"], task["error"]["code"], task["result_url"]) == ("failed", code, None)
    assert stored(tmp_path, "history") == []


async def test_a_url_that_leads_nowhere_fails_the_task_after_a_few_tries(world, tmp_path):
    settings = settings_of(world, tmp_path)
    async with running_bot(settings, impatient()), front_end(settings.base_url) as page:
        task = await page.ended(await page.start("order-1", image_url="http://127.0.0.1:9/person.jpg"))
    assert task["error"]["code"] == "image_url_unreachable"


async def test_a_task_can_be_canceled_while_its_model_works(world, tmp_path):
    world.models.scenario = Scenario(hold="processing")
    settings = settings_of(world, tmp_path)
    async with running_bot(settings, impatient()), front_end(settings.base_url) as page:
        task_id = await page.start("order-1", upload=PHOTO)
        await eventually(world.models.predictions)
        await page.cancel(task_id)
        assert (await page.ended(task_id))["status"] == "canceled"
        await all_closed(tmp_path)
    (prediction,) = world.models.predictions()
    assert world.models.status(prediction.id) == "canceled"


async def test_a_task_goes_on_after_a_restart_and_is_listed_for_good(world, tmp_path):
    world.models.scenario = Scenario(hold="processing")
    settings = settings_of(world, tmp_path)
    async with front_end(settings.base_url) as page:
        async with running_bot(settings, impatient()):
            task_id = await page.start("order-1", upload=PHOTO)
            await eventually(lambda: stored(tmp_path, "tasks"))
        async with running_bot(settings, impatient()):
            world.models.release()
            task = await page.ended(task_id)
            assert task["status"] == "completed"
            assert [listed["task_id"] for listed in await page.tasks()] == [task_id]
    assert len(world.models.predictions()) == 1


async def test_neither_key_nor_url_nor_hint_is_in_the_log(world, tmp_path, capsys):
    settings = settings_of(world, tmp_path)
    async with (
        running_bot(settings, impatient()),
        picture_host(PHOTO) as image_url,
        front_end(settings.base_url) as page,
    ):
        await page.ended(await page.start("order-1", image_url=image_url, preset="edit", prompt_hints="Apollonia"))
        await page.ended(await page.start("order-2", image_url=image_url.replace("person", "gone")))
        await all_closed(tmp_path)
    text = capsys.readouterr().out
    assert "job_recorded" in text
    assert not [told for told in ("status_shown", "outcome_delivered") if told in text], "nobody is shown anything"
    assert not [secret for secret in (KEY, "secret-of-the-caller", "person.jpg", "Apollonia") if secret in text]
    assert json.dumps(records(tmp_path)).count("secret-of-the-caller") == 2
