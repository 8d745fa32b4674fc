"""Callbacks and updates that come late, early, again, out of order, broken, forged, huge, or not at all."""

import asyncio
import gzip
import json

import pytest

from mock_server.replicate.scenario import Scenario
from tests.support.callback_posts import (
    SECRET_HEADER,
    call_back,
    post,
    replicate_door,
    secret,
    signed,
    telegram_door,
    update,
)
from tests.support.darkroom import running_bot
from tests.support.flow import PHOTO, all_closed, delivered_once, record, stored
from tests.support.waiting import eventually

HUGE = b"x" * 1_500_000
NO_TRACE = {"open": [], "jobs": [], "history": [], "tasks": [], "poison": []}


def traces(data_dir):
    return {prefix: stored(data_dir, prefix) for prefix in NO_TRACE}


@pytest.mark.parametrize(
    "scenario",
    [
        Scenario(webhook_lost=True),
        Scenario(webhook_delay_s=0.15),
        Scenario(webhook_early=True),
        Scenario(webhook_copies=5),
        Scenario(webhook_out_of_order=True),
        Scenario(webhook_early=True, webhook_out_of_order=True, webhook_copies=5),
    ],
    ids=["lost", "late", "early", "five at once", "out of order", "all at once"],
)
async def test_however_callbacks_come_there_is_one_result(world, tmp_path, scenario):
    world.models.scenario = scenario
    async with running_bot(world.settings(tmp_path, poll_interval_s=0.2)):
        person = world.person()
        await person.send_photo(PHOTO)
        await delivered_once(person, tmp_path)
        await world.models.idle()
    assert len(world.models.predictions()) == 1
    assert record(tmp_path)["status"] == "completed"
    assert {d.status for d in world.models.deliveries} <= {200, None}
    assert person.pings == 1


@pytest.mark.parametrize("kind", ["broken", "stale", "foreign", "missing"])
async def test_a_callback_that_is_not_genuine_is_refused_and_the_result_comes_by_polling(world, tmp_path, kind):
    world.models.scenario = Scenario(webhook_signature=kind)
    async with running_bot(world.settings(tmp_path, poll_interval_s=0.2)):
        person = world.person()
        await person.send_photo(PHOTO)
        await delivered_once(person, tmp_path)
        seen = world.models.deliveries
        assert {d.event for d in seen} >= {"start", "completed"}
        assert {d.status for d in seen} == {401}
    assert len(world.models.predictions()) == 1


async def test_a_callback_again_after_the_end_changes_nothing(world, tmp_path):
    async with running_bot(world.settings(tmp_path)):
        person = world.person()
        await person.send_photo(PHOTO)
        await delivered_once(person, tmp_path)
        before = record(tmp_path)
        (prediction,) = world.models.predictions()
        for _ in range(5):
            world.models.resend(prediction.id)
        await world.models.idle()
        late = world.models.deliveries_of(prediction.id, "completed")[1:]
        assert [d.status for d in late] == [200] * 5
        assert record(tmp_path) == before
        assert stored(tmp_path, "open") == []
    assert person.pings == 1


async def test_the_same_update_five_times_at_once_is_one_job(world, tmp_path):
    settings = world.settings(tmp_path)
    async with running_bot(settings):
        person = world.person()
        await person.send_photo(PHOTO)
        delivery = await eventually(lambda: world.chat.deliveries and world.chat.deliveries[0])
        answers = await asyncio.gather(*(update(settings, delivery.update) for _ in range(5)))
        assert [a.status for a in answers] == [200] * 5
        await delivered_once(person, tmp_path)
        answers = await asyncio.gather(*(update(settings, delivery.update) for _ in range(5)))
        assert [a.status for a in answers] == [200] * 5
        await all_closed(tmp_path)
    assert person.pings == 1
    assert len(world.models.predictions()) == 1


async def test_a_genuine_callback_of_an_unknown_prediction_is_taken_and_forgotten(world, tmp_path):
    settings = world.settings(tmp_path)
    async with running_bot(settings):
        document = {"id": "nobodysprediction", "status": "succeeded", "output": "https://replicate.delivery/x.png"}
        assert (await call_back(world, replicate_door(settings), document)).status == 200
        assert traces(tmp_path) == NO_TRACE


async def test_a_callback_of_another_prediction_for_a_finished_job_changes_nothing(world, tmp_path):
    async with running_bot(world.settings(tmp_path)):
        person = world.person()
        await person.send_photo(PHOTO)
        await delivered_once(person, tmp_path)
        before = record(tmp_path)
        url = world.models.deliveries[0].url
        document = {"id": "anotherprediction", "status": "succeeded", "output": "https://replicate.delivery/x.png"}
        assert (await call_back(world, url, document)).status == 200
        assert record(tmp_path) == before
    assert person.pings == 1


async def test_a_forged_job_reference_is_refused_even_with_a_genuine_signature(world, tmp_path):
    world.models.scenario = Scenario(hold="processing")
    settings = world.settings(tmp_path)
    async with running_bot(settings):
        person = world.person()
        await person.send_photo(PHOTO)
        start = await eventually(lambda: world.models.deliveries and world.models.deliveries[0])
        before, ref = record(tmp_path), start.url.rpartition("ref=")[2]
        document = {"id": start.prediction_id, "status": "failed", "error": "made up"}
        forged = [
            f"?job={before['id']}&slot=0&ref={'0' * len(ref)}",
            f"?job={before['id']}&slot=0&ref=",
            f"?job={before['id']}&slot=1&ref={ref}",
            f"?job={before['id']}&slot=%D9%A0&ref={ref}",
            f"?slot=0&ref={ref}",
            "?ref=%ff%00",
        ]
        for query in forged:
            assert (await call_back(world, replicate_door(settings, query), document)).status == 401, query
        assert record(tmp_path) == before
        world.models.release()
        await delivered_once(person, tmp_path)


async def test_a_genuine_callback_that_says_nothing_readable_counts_as_taken(world, tmp_path):
    path = b'{"id": "../x", "status": "failed"}'
    unreadable = [b"", b"[]", b"null", b'{"id": 7}', path, b"\xff\xfe", b"[" * 100_000, b"{}", b"9" * 10_000]
    settings = world.settings(tmp_path)
    async with running_bot(settings):
        for body in unreadable:
            assert (await call_back(world, replicate_door(settings), body)).status == 200, body[:50]
        assert traces(tmp_path) == NO_TRACE


async def test_an_update_that_is_none_is_answered_with_200(world, tmp_path):
    unreadable = [b"", b"[]", b"null", b"7", b"\xff\xfe", b"[" * 100_000, b"9" * 10_000]
    strange = [b"{}", b'{"update_id": "x"}', b'{"update_id": -1}', b'{"update_id": null, "message": 7}']
    settings = world.settings(tmp_path)
    async with running_bot(settings):
        for body in unreadable + strange:
            assert (await update(settings, body)).status == 200, body[:50]
        assert traces(tmp_path)["jobs"] == []


async def test_an_update_that_breaks_our_code_is_kept_and_told_and_holds_up_nobody(world, tmp_path):
    admin, person = world.person(), world.person()
    settings = world.settings(tmp_path, admin_ids=frozenset({admin.id}))
    async with running_bot(settings):
        for one in (admin, person):
            await one.send_text("/start")
            await one.expect(text="Just send me one")
        chat = {"id": person.id, "type": "private"}
        broken = {"update_id": 77, "message": {"message_id": "no number", "chat": chat}}
        assert (await update(settings, broken)).status == 200
        await person.expect(text="Something went wrong on my side; the owner has been told.")
        await admin.expect(text="an update could not be handled: see poison/updates/77.json")
        (kept,) = (tmp_path / "poison").rglob("*.json")
        document = json.loads(kept.read_text())
        assert document["update"] == broken
        assert "Traceback" in "".join(document["traceback"])


@pytest.mark.parametrize("door", [telegram_door, replicate_door])
async def test_a_stranger_gets_401_whatever_they_send(world, tmp_path, door):
    settings = world.settings(tmp_path)
    async with running_bot(settings):
        bodies = [b"", b"{}", b"\x00\xff", b'{"update_id": 1}', b"[" * 50_000]
        assert [(await post(door(settings), body)).status for body in bodies] == [401] * 5
        assert traces(tmp_path) == NO_TRACE


async def test_secret_headers_that_are_not_ascii_are_refused_without_a_crash(world, tmp_path):
    settings = world.settings(tmp_path)
    body = b'{"id": "x", "status": "failed"}'
    names = ("webhook-id", "webhook-timestamp", "webhook-signature")
    async with running_bot(settings):
        for value in ("wrong", "é", "\udcff\udc80", "😀" * 50, "a" * 4000, "١٢"):
            assert (await post(telegram_door(settings), b"{}", {SECRET_HEADER: value})).status == 401
            for name in names:
                assert (await post(replicate_door(settings), body, signed(world, body) | {name: value})).status == 401
            v1 = {"webhook-signature": f"v1,{value}"}
            assert (await post(replicate_door(settings), body, signed(world, body) | v1)).status == 401


async def test_bodies_above_the_limit_are_refused_with_413_and_packed_ones_with_415(world, tmp_path):
    settings = world.settings(tmp_path)
    bomb = gzip.compress(b"0" * 30_000_000)
    packed = {"Content-Encoding": "gzip"}
    async with running_bot(settings):
        assert (await post(telegram_door(settings), HUGE, secret(settings))).status == 413
        assert (await post(telegram_door(settings), bomb, secret(settings) | packed)).status == 415
        assert (await post(replicate_door(settings), HUGE, signed(world, HUGE))).status == 413
        assert (await post(replicate_door(settings), bomb, packed)).status == 415
        assert traces(tmp_path) == NO_TRACE


async def test_a_body_that_never_ends_is_refused_with_413(world, tmp_path):
    async def endless():
        for _ in range(40):
            yield b"x" * 65_536

    settings = world.settings(tmp_path)
    async with running_bot(settings):
        assert (await post(telegram_door(settings), endless(), secret(settings))).status == 413


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        ("gzip", b"this is not gzip"),
        ("gzip", gzip.compress(b"{}")[:-5]),
        ("deflate", b"\x00\x01\x02"),
        ("br", b"\x00\x01\x02"),
    ],
    ids=["no gzip", "half of it", "no deflate", "no brotli"],
)
async def test_a_strangers_body_that_cannot_be_unpacked_is_refused(world, tmp_path, encoding, body):
    settings = world.settings(tmp_path)
    async with running_bot(settings):
        assert 400 <= (await post(replicate_door(settings), body, {"Content-Encoding": encoding})).status < 500


async def test_other_methods_at_the_doors_are_405(world, tmp_path):
    settings = world.settings(tmp_path)
    async with running_bot(settings):
        reader, writer = await asyncio.open_connection(settings.host, settings.port)
        writer.write(b"GET /webhook/telegram HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        assert b" 405 " in await reader.readline()
        writer.close()
        await writer.wait_closed()


async def test_a_caption_with_half_a_surrogate_pair_does_not_block_its_chat(world, tmp_path):
    settings = world.settings(tmp_path)
    async with running_bot(settings):
        person = world.person()
        await person.send_photo(PHOTO)
        await delivered_once(person, tmp_path)
        document = json.loads(json.dumps(world.chat.deliveries[0].update))
        document["update_id"] += 1000
        document["message"]["message_id"] += 1000
        document["message"]["caption"] = "\ud800"
        assert (await update(settings, document)).status == 200


async def test_an_update_with_half_a_surrogate_pair_is_kept_and_answered(world, tmp_path):
    settings = world.settings(tmp_path)
    async with running_bot(settings):
        assert (await update(settings, b'{"update_id": 5, "message": {"text": "\\ud800"}}')).status == 200
        assert stored(tmp_path, "poison")


async def test_a_poisoned_update_with_an_endless_number_is_answered_with_200(world, tmp_path):
    body = b'{"update_id": ' + b"9" * 4000 + b', "message": {}}'
    settings = world.settings(tmp_path)
    async with running_bot(settings):
        assert (await update(settings, body)).status == 200
        assert stored(tmp_path, "poison")


async def test_a_late_start_callback_of_a_finished_prediction_cancels_nothing(world, tmp_path):
    world.models.scenario = Scenario(webhook_out_of_order=True)
    async with running_bot(world.settings(tmp_path)):
        person = world.person()
        await person.send_photo(PHOTO)
        await delivered_once(person, tmp_path)
        await world.models.idle()
        (prediction,) = world.models.predictions()
        late = {"id": prediction.id, "status": "processing"}
        assert (await call_back(world, world.models.deliveries[0].url, late)).status == 200
    assert [c.path for c in world.models.calls if c.path.endswith("/cancel")] == []


async def test_a_callback_with_half_a_surrogate_pair_counts_as_taken(world, tmp_path):
    world.models.scenario = Scenario(hold="processing")
    async with running_bot(world.settings(tmp_path)):
        person = world.person()
        await person.send_photo(PHOTO)
        start = await eventually(lambda: world.models.deliveries and world.models.deliveries[0])
        output = "https://replicate.delivery/\ud800.png"
        document = {"id": start.prediction_id, "status": "succeeded", "output": output}
        assert (await call_back(world, start.url, document)).status == 200
        await person.expect(text="Code:", within=10)
        await all_closed(tmp_path)
