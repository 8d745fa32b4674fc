"""Server-sent events, however the bytes are cut."""

import pytest

from replicate_gateway.event_stream import EventStreamParser, EventTooLargeError, ServerSentEvent

# As recorded: a comment first, then events with ids.
RECORDED = (
    b": hi\n\nevent: output\nid: 1690212292:0\ndata: Once upon\n\n"
    b"event: output\nid: 1690212293:0\ndata:  a time\ndata: there\n\nevent: done\nid: 1690212294:0\ndata: {}\n\n"
)
EVENTS = [
    ServerSentEvent("output", "Once upon", "1690212292:0"),
    ServerSentEvent("output", " a time\nthere", "1690212293:0"),
    ServerSentEvent("done", "{}", "1690212294:0"),
]


def events(*chunks, bound=1000):
    parser = EventStreamParser(bound)
    return [event for chunk in chunks for event in parser.feed(chunk)]


@pytest.mark.parametrize("size", [1, 2, 7, 1000])
@pytest.mark.parametrize("line_end", [b"\n", b"\r\n", b"\r"])
def test_events_are_the_same_however_the_bytes_are_cut_and_lines_end(size, line_end):
    stream = RECORDED.replace(b"\n", line_end) + b":"
    assert events(*(stream[at : at + size] for at in range(0, len(stream), size))) == EVENTS


def test_a_letter_may_be_cut_in_two():
    stream = "event: output\ndata: ж\n\n".encode()
    assert events(stream[:-4], stream[-4:]) == [ServerSentEvent("output", "ж", "")]


@pytest.mark.parametrize(
    ("stream", "expected"),
    [
        (b"data: x\n\n", [ServerSentEvent("message", "x", "")]),
        (b"\xef\xbb\xbfdata: x\n\n", [ServerSentEvent("message", "x", "")]),
        (b"event: output\n\n", []),
        (b"data\n\n", [ServerSentEvent("message", "", "")]),
        (
            b"id: a\ndata: x\n\ndata: y\n\n",
            [ServerSentEvent("message", "x", "a"), ServerSentEvent("message", "y", "a")],
        ),
        (b"id: a\0b\ndata: x\n\n", [ServerSentEvent("message", "x", "")]),
        (b"data: not complete\n", []),
        (b"data: \xff\n\n", [ServerSentEvent("message", "�", "")]),
    ],
)
def test_odd_streams_are_read_as_the_standard_says(stream, expected):
    assert events(stream) == expected


@pytest.mark.parametrize(("value", "retry_s"), [(b"1500", 1.5), (b"999999999", 60), (b"soon", 0), (b"9" * 5000, 0)])
def test_the_wish_to_be_left_alone_is_kept_within_bounds(value, retry_s):
    parser = EventStreamParser(10_000)
    parser.feed(b"retry: " + value + b"\n\n")
    assert parser.retry_s == retry_s


@pytest.mark.parametrize("stream", [b"data: " + b"x" * 2000, b"data: x\n" * 200, b"data: " + b"x" * 2000 + b"\n\n"])
def test_an_event_that_is_too_large_is_refused_before_it_ends(stream):
    with pytest.raises(EventTooLargeError):
        events(stream)


def test_a_new_connection_begins_with_a_new_event_and_goes_on_from_the_last_id():
    parser = EventStreamParser(1000)
    parser.feed(b"id: 7\ndata: x\n\nid: 8\ndata: half")
    parser.reconnected()
    assert parser.last_event_id == "7"
    assert parser.feed(b"data: y\n\n") == [ServerSentEvent("message", "y", "7")]
