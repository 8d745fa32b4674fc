import asyncio
import json

import pytest

from mock_server.replicate.scenario import Scenario
from mock_server.replicate.streams import EventStream, StreamEvent
from tests.support.waiting import eventually


async def read_events(session, url, **headers):
    """The events of a stream as (event, id, data)."""
    async with session.get(url, headers=headers) as answer:
        assert answer.status == 200
        assert answer.content_type == "text/event-stream"
        text = (await answer.read()).decode()
    assert text.startswith(": hi\n\n")
    events = []
    for block in text.split("\n\n"):
        fields = [line.partition(": ")[::2] for line in block.splitlines() if not line.startswith(":")]
        if fields:
            data = "\n".join(value for name, value in fields if name == "data")
            events.append((dict(fields)["event"], dict(fields)["id"], data))
    return events


async def test_a_text_streams_piece_by_piece_with_ids_and_ends_with_done(api, session):
    ended = await api.finish({"prompt": "hello"}, "openai/o4-mini")
    assert "/v1/streams/" in ended["urls"]["stream"]
    events = await read_events(session, ended["urls"]["stream"])
    assert [event for event, _, _ in events] == ["output"] * len(ended["output"]) + ["done"]
    assert [data for _, _, data in events[:-1]] == ended["output"]
    assert events[-1][2] == "{}"
    seconds = {event_id.split(":")[0] for _, event_id, _ in events}
    assert [int(event_id.split(":")[1]) for _, event_id, _ in events] == list(range(len(events)))
    assert len(seconds) == 1


async def test_a_reader_that_comes_first_sees_each_piece_as_it_comes(api, mock, session):
    mock.control.scenario = Scenario(hold="processing")
    created = await api.create({"prompt": "hello"}, "openai/o4-mini")
    reading = asyncio.create_task(read_events(session, created["urls"]["stream"]))
    await eventually(lambda: mock.control.status(created["id"]) == "processing")
    assert not reading.done()
    mock.control.release()
    assert (await reading)[-1][0] == "done"


async def test_a_reader_that_comes_again_goes_on_after_its_last_event(api, session):
    url = (await api.finish({"prompt": "hello"}, "openai/o4-mini"))["urls"]["stream"]
    events = await read_events(session, url)
    assert await read_events(session, url, **{"Last-Event-ID": events[2][1]}) == events[3:]
    assert await read_events(session, url, **{"Last-Event-ID": "nonsense"}) == events


async def test_pictures_stream_their_urls_among_the_files(api, session):
    ended = await api.finish({"num_outputs": 2, "mock_scenario": {"output_as": "list"}})
    assert "/v1/files/bcwr-" in ended["urls"]["stream"]
    events = await read_events(session, ended["urls"]["stream"])
    assert [data for event, _, data in events if event == "output"] == ended["output"]


async def test_a_failure_is_an_error_event_and_a_reason(api, session):
    ended = await api.finish({"prompt": "[mock:fail=boom]"})
    events = await read_events(session, ended["urls"]["stream"])
    assert [(event, json.loads(data)) for event, _, data in events] == [
        ("error", {"detail": "boom"}),
        ("done", {"reason": "error"}),
    ]


async def test_a_cancel_is_a_reason(api, mock, session):
    created = await api.create({"mock_scenario": "hold=starting"})
    await api.call("POST", f"/v1/predictions/{created['id']}/cancel")
    events = await read_events(session, created["urls"]["stream"])
    assert [(event, json.loads(data)) for event, _, data in events] == [("done", {"reason": "canceled"})]


async def test_a_stream_may_break_off_in_the_middle(api, session):
    import aiohttp

    ended = await api.finish({"prompt": "hello [mock:stream_dropped]"}, "openai/o4-mini")
    with pytest.raises(aiohttp.ClientPayloadError):
        await read_events(session, ended["urls"]["stream"])


async def test_streams_are_gone_with_the_data_and_need_their_whole_name(start_mock, api_of, clock):
    api = api_of(await start_mock(clock=clock))
    ended = await api.finish({"prompt": "hello"}, "openai/o4-mini")
    url = ended["urls"]["stream"]
    for wrong in (url[:-5], url[:-5] + "aaaaa"):
        assert (await api.call("GET", wrong))[0] == 404
    clock.now += 3601
    assert (await api.call("GET", url))[0] == 404


async def test_reset_lets_readers_go(api, mock, session):
    created = await api.create({"mock_scenario": "hold=starting"})
    async with session.get(created["urls"]["stream"]) as answer:
        await mock.control.reset()
        assert await answer.read() == b": hi\n\n"


def test_lines_of_data_are_written_one_by_one():
    assert StreamEvent("5:0", "output", "\n\na").encode() == b"event: output\nid: 5:0\ndata: \ndata: \ndata: a\n\n"
    assert b"?" in StreamEvent("5:0", "output", "\ud800").encode()


async def test_silence_is_told():
    stream = EventStream("/x", 5.0)
    followed = stream.follow(None, 0.001)
    assert await anext(followed) is None
    stream.output("now")
    assert (await anext(followed)).data == "now"
    await followed.aclose()
