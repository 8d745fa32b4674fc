"""Create calls that Replicate refuses, loses, or answers with anything but a prediction; predictions that end oddly."""

from itertools import pairwise

import pytest

from bot.jobs import poll_pace
from bot.jobs.steps import find_orphan
from bot.telegram.wording import text
from mock_server.replicate.config import MockReplicateConfig
from mock_server.replicate.scenario import Scenario
from mock_server.replicate.server import run_mock_replicate
from replicate_gateway import answers
from tests.support.darkroom import FAST, World, running_bot
from tests.support.flow import PHOTO, all_closed, delivered_once, ended_with, impatient, record, records
from tests.support.ports import free_port
from tests.support.waiting import eventually

TURN = "A lot is asked for right now; your photo's turn comes by itself."
AWAY = "The service that runs the models does not answer just now"
GRACE_S = 0.3


@pytest.fixture
def short_grace(monkeypatch):
    monkeypatch.setattr(find_orphan, "GRACE_S", GRACE_S)
    monkeypatch.setattr(poll_pace, "_BRISK_S", 0.1)


@pytest.fixture
def brisk(monkeypatch):
    monkeypatch.setattr(poll_pace, "_BRISK_S", 0.1)


def creates(world):
    return [c for c in world.models.calls if c.method == "POST" and c.path.endswith("/predictions")]


def texts(world):
    """What the status message was made to say, in order."""
    return [c.params["text"] for c in world.chat.calls if c.method in ("sendMessage", "editMessageText")]


@pytest.mark.parametrize("where", ["header", "body", "text"])
async def test_a_429_is_waited_out_for_as_long_as_it_says(world, tmp_path, where):
    world.models.next_scenario(Scenario(create_status=429, retry_after_in=where, retry_after_s=1))
    async with running_bot(world.settings(tmp_path), impatient()):
        person = world.person()
        await person.send_photo(PHOTO)
        await person.expect(text=TURN)
        await delivered_once(person, tmp_path)
    refused, made = creates(world)
    assert (refused.status, made.status) == (429, 201)
    assert 1.0 <= made.at - refused.at < 3.0
    assert len(world.models.predictions()) == 1


async def test_a_429_that_names_no_wait_is_tried_again_after_a_default(world, tmp_path, monkeypatch):
    monkeypatch.setattr(answers, "DEFAULT_BUSY_WAIT_S", 0.4)
    world.models.next_scenario(Scenario(create_status=429, retry_after_in="nowhere"), count=2)
    async with running_bot(world.settings(tmp_path), impatient()):
        person = world.person()
        await person.send_photo(PHOTO)
        await delivered_once(person, tmp_path)
    times = [c.at for c in creates(world)]
    assert len(times) == 3
    assert all(later - earlier >= 0.4 for earlier, later in pairwise(times))


async def test_while_replicate_says_to_wait_nobody_else_knocks(world, tmp_path):
    world.models.next_scenario(Scenario(create_status=429, retry_after_s=1))
    async with running_bot(world.settings(tmp_path), impatient()):
        first, second = world.person(), world.person()
        await first.send_photo(PHOTO)
        await first.expect(text=TURN)
        await second.send_photo(PHOTO)
        await second.expect(text=TURN)
        assert len(creates(world)) == 1
        await delivered_once(first, tmp_path)
        await delivered_once(second, tmp_path)
    assert creates(world)[1].at - creates(world)[0].at >= 1.0


@pytest.mark.parametrize(
    "scenario",
    [
        Scenario(create_status=500),
        Scenario(create_status=503),
        Scenario(create_status=502, create_html=True),
    ],
    ids=["500", "503", "html"],
)
@pytest.mark.parametrize("webhooks", [True, False], ids=["webhooks", "polling"])
async def test_a_create_call_of_unknown_outcome_is_repeated_only_after_the_grace_time(
    world, tmp_path, short_grace, scenario, webhooks
):
    world.models.next_scenario(scenario)
    async with running_bot(world.settings(tmp_path, webhooks=webhooks), impatient()):
        person = world.person()
        await person.send_photo(PHOTO)
        await delivered_once(person, tmp_path)
    lost, made = creates(world)
    assert made.at - lost.at >= GRACE_S
    assert len(world.models.predictions()) == 1


@pytest.mark.parametrize("webhooks", [True, False], ids=["webhooks", "polling"])
async def test_a_prediction_whose_answer_was_dropped_is_adopted_and_not_paid_for_twice(
    world, tmp_path, brisk, webhooks
):
    # The grace time is the real one here: adoption must not need it.
    world.models.next_scenario(Scenario(create_dropped=True))
    async with running_bot(world.settings(tmp_path, webhooks=webhooks), impatient()):
        person = world.person()
        await person.send_photo(PHOTO)
        await delivered_once(person, tmp_path)
    assert len(creates(world)) == 1
    (prediction,) = world.models.predictions()
    assert record(tmp_path)["slots"][0]["prediction_id"] == prediction.id


async def test_a_dropped_answer_with_lost_callbacks_is_found_in_replicates_list(world, tmp_path):
    world.models.next_scenario(Scenario(create_dropped=True, webhook_lost=True))
    async with running_bot(world.settings(tmp_path, poll_interval_s=0.2), impatient()):
        person = world.person()
        await person.send_photo(PHOTO)
        await delivered_once(person, tmp_path)
    assert len(creates(world)) == 1


async def test_two_equal_photos_with_dropped_answers_each_find_their_own_prediction(world, tmp_path, brisk):
    world.models.next_scenario(Scenario(create_dropped=True), count=2)
    async with running_bot(world.settings(tmp_path, webhooks=False), impatient()):
        people = world.person(), world.person()
        for person in people:
            await person.send_photo(PHOTO)
        for person in people:
            await delivered_once(person, tmp_path)
    found = {r["slots"][0]["prediction_id"] for r in records(tmp_path)}
    assert found == {p.id for p in world.models.predictions()}
    assert len(creates(world)) == 2


async def test_a_slow_answer_is_overtaken_by_the_callbacks(world, tmp_path):
    world.models.next_scenario(Scenario(create_delay_s=0.5))
    async with running_bot(world.settings(tmp_path), impatient()):
        person = world.person()
        await person.send_photo(PHOTO)
        await delivered_once(person, tmp_path)
    assert len(creates(world)) == 1


async def test_replicate_that_is_down_is_waited_for(world, tmp_path):
    config = MockReplicateConfig(delay_s=FAST, webhook_retry_base_s=0.02, port=free_port())
    async with run_mock_replicate(config) as mock:
        settings = World(world.telegram, mock).settings(tmp_path)
    async with running_bot(settings, impatient()):
        person = world.person()
        await person.send_photo(PHOTO)
        await person.expect(text=AWAY, within=10)
        async with run_mock_replicate(config) as mock:
            await delivered_once(person, tmp_path)
            assert len(mock.control.predictions()) == 1


async def test_replicate_that_goes_down_under_a_prediction_ends_in_a_sentence(world, tmp_path):
    """The mock forgets its predictions when it stops, as Replicate does when it deletes one."""
    config = MockReplicateConfig(delay_s=FAST, webhook_retry_base_s=0.02, port=free_port())
    async with run_mock_replicate(config) as mock:
        mock.control.scenario = Scenario(hold="processing")
        settings = World(world.telegram, mock).settings(tmp_path, poll_interval_s=0.1)
        bot = running_bot(settings, impatient())
        await bot.__aenter__()
        person = world.person()
        await person.send_photo(PHOTO)
        await eventually(lambda: mock.control.predictions() and record(tmp_path)["slots"][0].get("prediction_id"))
    try:
        async with run_mock_replicate(config):
            await ended_with(person, tmp_path, "Code:", within=15)
    finally:
        await bot.__aexit__(None, None, None)


@pytest.mark.parametrize(
    ("status", "code"), [(401, "service_credentials"), (402, "service_credit"), (404, "service_model")]
)
async def test_what_only_the_owner_can_mend_is_said_and_the_admin_hears_of_it_once(world, tmp_path, status, code):
    world.models.scenario = Scenario(create_status=status)
    admin = world.person()
    async with running_bot(world.settings(tmp_path, admin_ids=frozenset({admin.id})), impatient()):
        people = [world.person(), world.person("ru"), world.person()]
        for person in people:
            await person.send_photo(PHOTO)
        for person, locale in zip(people, ("en", "ru", "en"), strict=True):
            await ended_with(person, tmp_path, text(code, locale))
        (alert,) = admin.bot_messages
    assert code in alert.all_text
    assert world.telegram.bot_token not in alert.all_text
    assert {r["outcome"]["code"] for r in records(tmp_path)} == {code}
    assert [p.pings for p in people] == [1, 1, 1]
    assert len(creates(world)) == 3


async def test_an_input_that_the_model_refuses_is_said_and_no_admin_is_woken(world, tmp_path):
    world.models.scenario = Scenario(create_status=400)
    admin = world.person()
    async with running_bot(world.settings(tmp_path, admin_ids=frozenset({admin.id})), impatient()):
        person = world.person()
        await person.send_photo(PHOTO)
        await ended_with(person, tmp_path, "The model does not take this picture")
    assert admin.bot_messages == []
    assert record(tmp_path)["outcome"]["code"] == "input_rejected"


async def test_an_unknown_version_is_the_owners_to_mend(world, tmp_path):
    world.models.scenario = Scenario(create_status=422)
    admin = world.person()
    async with running_bot(world.settings(tmp_path, admin_ids=frozenset({admin.id})), impatient()):
        person = world.person()
        await person.send_photo(PHOTO)
        await ended_with(person, tmp_path, text("service_model", "en"))
        assert len(admin.bot_messages) == 1


async def test_after_all_refusals_the_job_is_closed_and_a_new_photo_works(world, tmp_path):
    world.models.next_scenario(Scenario(create_status=402))
    async with running_bot(world.settings(tmp_path, user_max_active_jobs=1), impatient()):
        person = world.person()
        await person.send_photo(PHOTO)
        await person.expect(text=text("service_credit", "en"))
        await all_closed(tmp_path)
        await person.send_photo(PHOTO)
        await person.expect(photo=True)
        await all_closed(tmp_path)
    assert [r["status"] for r in records(tmp_path)] == ["failed", "completed"]


async def test_an_uploaded_input_leads_to_its_prediction_when_the_answer_was_dropped(world, tmp_path, short_grace):
    """Real mode without a public URL: the input is a file at Replicate, and the list is the only way to an orphan."""
    world.models.next_scenario(Scenario(create_dropped=True))
    settings = world.settings(
        tmp_path, webhooks=False, replicate_mode="real", output_hosts=("127.0.0.1",), poll_interval_s=0.2
    )
    async with running_bot(settings, impatient()):
        person = world.person()
        await person.send_photo(PHOTO)
        await delivered_once(person, tmp_path)
    assert len(world.models.predictions()) == 1


async def test_a_job_survives_replicate_answering_500_for_longer_than_four_grace_times(world, tmp_path, short_grace):
    world.models.next_scenario(Scenario(create_status=500), count=6)
    async with running_bot(world.settings(tmp_path), impatient()):
        person = world.person()
        await person.send_photo(PHOTO)
        await delivered_once(person, tmp_path)


async def test_a_person_whose_create_call_failed_with_5xx_reads_that_their_photo_waits(world, tmp_path, monkeypatch):
    monkeypatch.setattr(find_orphan, "GRACE_S", 1.0)
    world.models.next_scenario(Scenario(create_status=503))
    async with running_bot(world.settings(tmp_path), impatient()):
        person = world.person()
        await person.send_photo(PHOTO)
        await person.expect(text=AWAY)
