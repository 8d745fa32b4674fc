import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from mock_server.replicate.scenario import Scenario
from tests.support.waiting import eventually

ALL = ["start", "output", "logs", "completed"]


def verify(mock, webhook):
    return Webhook(mock.webhook_secret).verify(webhook.raw, webhook.headers)


def headers_of(webhook):
    return {name.lower(): value for name, value in webhook.headers.items()}


async def test_the_four_events_arrive_in_order_and_each_verifies(api, mock, receiver):
    ended = await api.finish({"prompt": "x"}, webhook=receiver.url, webhook_events_filter=ALL)
    await mock.control.idle()
    events = [delivery.event for delivery in mock.control.deliveries]
    assert events == ["start", *["logs"] * 11, "output", "completed"]
    bodies = [verify(mock, webhook) for webhook in receiver.webhooks]
    assert [body["status"] for body in bodies] == ["processing"] * 13 + ["succeeded"]
    assert bodies[0]["output"] is None
    assert bodies[-1] == ended
    ids = [headers_of(webhook)["webhook-id"] for webhook in receiver.webhooks]
    assert len(set(ids)) == len(ids)


async def test_without_a_filter_only_outputs_and_the_end_are_sent(api, mock, receiver):
    await api.finish({}, webhook=receiver.url)
    await mock.control.idle()
    assert [delivery.event for delivery in mock.control.deliveries] == ["output", "completed"]


@pytest.mark.parametrize("event", ALL)
async def test_the_filter_lets_only_its_events_through(api, mock, receiver, event):
    await api.finish({}, webhook=receiver.url, webhook_events_filter=[event])
    await mock.control.idle()
    assert {delivery.event for delivery in mock.control.deliveries} == {event}


async def test_the_legacy_webhook_gets_only_the_end(api, mock, receiver):
    await api.finish({}, webhook_completed=receiver.url)
    await mock.control.idle()
    assert [webhook.body["status"] for webhook in receiver.webhooks] == ["succeeded"]


async def test_logs_and_outputs_are_throttled_but_start_and_end_are_not(start_mock, api_of, receiver):
    mock = await start_mock(webhook_throttle_s=60)
    several = {"prompt": "x", "sequential_image_generation": "auto", "max_images": 3}
    await api_of(mock).finish(several, "bytedance/seedream-4", webhook=receiver.url, webhook_events_filter=ALL)
    await mock.control.idle()
    assert [delivery.event for delivery in mock.control.deliveries] == ["start", "logs", "output", "completed"]


async def test_what_is_throttled_goes_out_again_after_half_a_second_of_the_mock_s_time(start_mock, api_of, receiver):
    mock = await start_mock(webhook_throttle_s=0.5, delay_s=(10, 10))
    created = await api_of(mock).create(
        {"prompt": "some words"}, "openai/o4-mini", webhook=receiver.url, webhook_events_filter=["output"]
    )
    mock.control.run_at(1000)
    ended = await mock.control.ended(created["id"])
    await mock.control.idle()
    sent = [delivery.at for delivery in mock.control.deliveries]
    assert 2 <= len(sent) <= 10 / 0.5 + 1
    assert len(sent) < ended.revealed


async def test_the_query_is_kept_byte_for_byte(api, mock, receiver):
    query = "?job=a%2Fb&sig=x%2By%3D%3D&slot=1"
    await api.finish({}, webhook=receiver.url + query, webhook_events_filter=["completed"])
    await mock.control.idle()
    assert [webhook.path_and_query for webhook in receiver.webhooks] == ["/hook" + query]


async def test_only_the_final_webhook_is_repeated_under_the_same_id(start_mock, api_of, receiver):
    mock = await start_mock(webhook_retry_base_s=0.001)
    receiver.statuses[:] = [500, 404, 503, 401]
    await api_of(mock).finish({}, webhook=receiver.url, webhook_events_filter=["start", "completed"])
    await mock.control.idle()
    tried = [(delivery.event, delivery.attempt, delivery.status) for delivery in mock.control.deliveries]
    assert tried == [
        ("start", 1, 500),
        ("completed", 1, 404),
        ("completed", 2, 503),
        ("completed", 3, 401),
        ("completed", 4, 200),
    ]
    assert len({headers_of(webhook)["webhook-id"] for webhook in receiver.finals()}) == 1
    assert all(verify(mock, webhook) for webhook in receiver.finals())


async def test_the_final_webhook_is_given_up_in_time(start_mock, api_of, receiver):
    mock = await start_mock(webhook_retry_base_s=0.001, webhook_give_up_s=0.5)
    receiver.statuses[:] = [500] * 100
    await api_of(mock).finish({}, webhook=receiver.url, webhook_events_filter=["completed"])
    await mock.control.idle()
    attempts = len(mock.control.deliveries)
    assert 6 <= attempts <= 12  # pauses of 1, 2, 4, 8, … ms fit into half a second


async def test_a_receiver_that_is_not_there_is_tried_again(start_mock, api_of, unused_tcp_port):
    mock = await start_mock(webhook_retry_base_s=0.001, webhook_give_up_s=0.02)
    url = f"http://127.0.0.1:{unused_tcp_port}/hook"
    await api_of(mock).finish({}, webhook=url, webhook_events_filter=["start", "completed"])
    await mock.control.idle()
    starts = [delivery for delivery in mock.control.deliveries if delivery.event == "start"]
    finals = [delivery for delivery in mock.control.deliveries if delivery.event == "completed"]
    assert len(starts) == 1
    assert len(finals) > 1
    assert all(delivery.status is None and delivery.error for delivery in finals)


async def test_a_receiver_that_hangs_is_cut_off(start_mock, api_of):
    mock = await start_mock(webhook_timeout_s=0.2, webhook_give_up_s=0)
    writers = []
    server = await asyncio.start_server(lambda _reader, writer: writers.append(writer), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    await api_of(mock).finish({}, webhook=f"http://127.0.0.1:{port}/", webhook_events_filter=["completed"])
    await mock.control.idle()
    for writer in writers:
        writer.close()
        await writer.wait_closed()
    server.close()
    await server.wait_closed()
    assert [delivery.status for delivery in mock.control.deliveries] == [None]


async def test_redirects_are_neither_followed_nor_repeated(api, mock, receiver):
    receiver.statuses[:] = [301]
    await api.finish({}, webhook=receiver.url, webhook_events_filter=["completed"])
    await mock.control.idle()
    assert [(webhook.path_and_query, webhook.body["status"]) for webhook in receiver.webhooks] == [
        ("/hook", "succeeded")
    ]


async def test_a_lost_webhook_never_arrives_but_is_in_the_journal(api, mock, receiver):
    mock.control.scenario = Scenario(webhook_lost=True)
    ended = await api.finish({}, webhook=receiver.url)
    await mock.control.idle()
    assert ended["status"] == "succeeded"
    assert receiver.webhooks == []
    assert {delivery.error for delivery in mock.control.deliveries} == {"lost on purpose"}


async def test_a_late_webhook_comes_after_its_delay(api, mock, receiver):
    mock.control.scenario = Scenario(webhook_delay_s=0.1)
    ended = await api.finish({}, webhook=receiver.url, webhook_events_filter=["completed"])
    await mock.control.idle()
    assert len(receiver.webhooks) == 1
    assert datetime.now(UTC) - datetime.fromisoformat(ended["completed_at"]) >= timedelta(seconds=0.1)


async def test_copies_arrive_at_once_with_one_id(api, mock, receiver):
    mock.control.scenario = Scenario(webhook_copies=5)
    await api.finish({}, webhook=receiver.url, webhook_events_filter=["completed"])
    await mock.control.idle()
    assert len(receiver.webhooks) == 5
    assert len({headers_of(webhook)["webhook-id"] for webhook in receiver.webhooks}) == 1


async def test_an_early_webhook_arrives_before_the_create_answer(api, mock, receiver):
    mock.control.scenario = Scenario(webhook_early=True)
    created = await api.create({}, webhook=receiver.url)
    assert created["status"] == "starting"
    assert [webhook.body["id"] for webhook in receiver.finals()] == [created["id"]]


async def test_out_of_order_means_the_end_comes_first(api, mock, receiver):
    mock.control.scenario = Scenario(webhook_out_of_order=True)
    await api.finish({}, webhook=receiver.url, webhook_events_filter=["start", "output", "completed"])
    await mock.control.idle()
    assert [delivery.event for delivery in mock.control.deliveries] == ["completed", "output", "start"]
    assert [webhook.body["status"] for webhook in receiver.webhooks] == ["succeeded", "processing", "processing"]


@pytest.mark.parametrize("kind", ["broken", "stale", "foreign", "missing"])
async def test_a_bad_signature_does_not_verify(api, mock, receiver, kind):
    mock.control.scenario = Scenario(webhook_signature=kind)
    await api.finish({}, webhook=receiver.url, webhook_events_filter=["completed"])
    await mock.control.idle()
    with pytest.raises(WebhookVerificationError):
        verify(mock, receiver.webhooks[0])
    assert mock.control.deliveries[0].signature == kind


async def test_aborted_sends_nothing_unless_asked_to(api, mock, receiver):
    mock.control.scenario = Scenario(end="aborted")
    silent = await api.finish({}, webhook=receiver.url)
    mock.control.scenario = Scenario(end="aborted", webhook_on_aborted=True)
    told = await api.finish({}, webhook=receiver.url)
    await mock.control.idle()
    assert silent["status"] == told["status"] == "aborted"
    assert [webhook.body["id"] for webhook in receiver.webhooks] == [told["id"]]


async def test_a_cancel_sends_the_final_webhook(api, mock, receiver):
    mock.control.scenario = Scenario(hold="processing")
    created = await api.create({}, webhook=receiver.url)
    await api.call("POST", f"/v1/predictions/{created['id']}/cancel")
    await eventually(lambda: receiver.webhooks)
    assert verify(mock, receiver.webhooks[0])["status"] == "canceled"


async def test_resend_repeats_the_final_webhook(api, mock, receiver):
    ended = await api.finish({}, webhook=receiver.url, webhook_events_filter=["completed"])
    await mock.control.idle()
    assert mock.control.resend(ended["id"])
    await mock.control.idle()
    first, again = receiver.webhooks
    assert headers_of(first)["webhook-id"] == headers_of(again)["webhook-id"]
    assert first.raw == again.raw
    without = await api.finish({})
    assert not mock.control.resend(without["id"])
