from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from replicate_gateway.errors import GatewayProtocolError
from replicate_gateway.prediction import (
    Prediction,
    PredictionStatus,
    is_prediction_id,
    output_urls,
    parse_prediction,
    read_json,
)

# The first text that hypothesis draws on a fresh machine builds its tables of characters, which takes a second.
PATIENT = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

ID = "hdwst0bb05rgp0cf0p29mzk2am"
FINISHED = {
    "id": ID,
    "model": "sczhou/codeformer",
    "version": "b" * 64,
    "input": {"image": "https://bot.example/a.jpg"},
    "output": ["https://replicate.delivery/a.png"],
    "error": None,
    "logs": "100%|####| 1/1",
    "status": "succeeded",
    "created_at": "2026-11-20T10:00:00.123456789Z",
    "started_at": "2026-11-20T10:00:01Z",
    "completed_at": "2026-11-20T13:00:04.5+03:00",
    "metrics": {"predict_time": 3.25, "total_time": 4},
    "urls": {"get": "https://x/get", "cancel": "https://x/cancel", "stream": "https://x/stream"},
    "webhook": "https://bot.example/hook?job=1",
    "data_removed": False,
    "source": "api",
}


def test_a_finished_prediction_is_read_whole():
    assert parse_prediction(FINISHED) == Prediction(
        id=ID,
        status=PredictionStatus.SUCCEEDED,
        raw_status="succeeded",
        output=["https://replicate.delivery/a.png"],
        error=None,
        logs="100%|####| 1/1",
        model="sczhou/codeformer",
        version="b" * 64,
        input={"image": "https://bot.example/a.jpg"},
        created_at=datetime(2026, 11, 20, 10, 0, 0, 123456, tzinfo=UTC),
        started_at=datetime(2026, 11, 20, 10, 0, 1, tzinfo=UTC),
        completed_at=datetime(2026, 11, 20, 13, 0, 4, 500_000, tzinfo=timezone(timedelta(hours=3))),
        predict_time_s=3.25,
        stream_url="https://x/stream",
        webhook="https://bot.example/hook?job=1",
        data_removed=False,
    )


def test_id_and_status_are_all_that_is_needed():
    nulls = dict.fromkeys(FINISHED)
    expected = Prediction(ID, PredictionStatus.STARTING, "starting")
    assert parse_prediction({"id": ID, "status": "starting"}) == expected
    assert parse_prediction({**nulls, "id": ID, "status": "starting"}) == expected


@pytest.mark.parametrize("status", ["starting", "processing", "succeeded", "failed", "canceled", "aborted"])
def test_the_terminal_statuses_are_those_that_never_change_again(status):
    parsed = parse_prediction({"id": ID, "status": status})
    assert parsed.status == status == parsed.raw_status
    assert parsed.status.terminal is (status not in {"starting", "processing"})


def test_an_unknown_status_is_data():
    parsed = parse_prediction({"id": ID, "status": "queued"})
    assert (parsed.status, parsed.raw_status) == (PredictionStatus.UNKNOWN, "queued")
    assert not parsed.status.terminal


@pytest.mark.parametrize(
    ("error", "expected"),
    [("boom", "boom"), ("", None), (None, None), ({"code": 5}, '{"code": 5}'), (["a"], '["a"]')],
)
def test_errors_of_any_form_become_text(error, expected):
    assert parse_prediction({"id": ID, "status": "failed", "error": error}).error == expected


@pytest.mark.parametrize("moment", ["", "yesterday", 17, "2026-13-01T00:00:00Z", {}])
def test_an_unreadable_moment_is_none(moment):
    assert parse_prediction({"id": ID, "status": "failed", "created_at": moment}).created_at is None


@pytest.mark.parametrize("seconds", [-1, "3", True, float("nan"), float("inf"), 10**400, None])
def test_a_senseless_duration_is_none(seconds):
    metrics = {"predict_time": seconds}
    assert parse_prediction({"id": ID, "status": "failed", "metrics": metrics}).predict_time_s is None


@pytest.mark.parametrize(
    "document",
    [None, [], "text", 5, {}, {"id": ID}, {"status": "failed"}, {"id": None, "status": "failed"},
     {"id": ID, "status": None}, {"id": ID, "status": ""}, {"id": 5, "status": "failed"},
     {"id": "../jobs/x", "status": "failed"}, {"id": "", "status": "failed"}],
)  # fmt: skip
def test_without_a_usable_id_or_status_there_is_no_prediction(document):
    with pytest.raises(GatewayProtocolError):
        parse_prediction(document)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
documents = st.dictionaries(st.sampled_from(list(FINISHED)), json_values | st.sampled_from([ID, "failed"]))


@PATIENT
@given(documents | json_values)
def test_any_document_is_read_or_refused_in_one_way(document):
    try:
        parsed = parse_prediction(document)
    except GatewayProtocolError:
        return
    assert is_prediction_id(parsed.id)
    assert isinstance(output_urls(parsed.output), tuple)


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        ("https://a/1.png", ("https://a/1.png",)),
        (["https://a/1", "http://a/2", "https://a/1"], ("https://a/1", "http://a/2")),
        ({"mesh": "https://a/m", "views": ["https://a/v", {"x": "data:image/png;base64,AA=="}]},
         ("https://a/m", "https://a/v", "data:image/png;base64,AA==")),
        (["The", " photo ", "shows https://a"], ()),
        ("https://a is a link", ()),
        (["file:///etc/passwd", "/tmp/out.png", "javascript:1", "https://", "data:", "HTTPS://a/1"], ("HTTPS://a/1",)),
        (None, ()),
        (7, ()),
    ],
)  # fmt: skip
def test_files_are_found_wherever_a_model_puts_them(output, expected):
    assert output_urls(output) == expected


def test_output_is_searched_within_bounds():
    deep = "https://a/1"
    for _ in range(5_000):
        deep = [deep]
    assert output_urls(deep) == ()
    assert len(output_urls([f"https://a/{n}" for n in range(100_000)])) == 100
    assert output_urls([""] * 100_000 + ["https://a/1"]) == ()


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b"NaN", b'{"a": Infinity}', b"[" * 100_000, b"1" * 5_000])
def test_what_is_not_json_is_a_value_error(body):
    with pytest.raises(ValueError):  # noqa: PT011  the sentence is the parser's own
        read_json(body)


def test_json_is_read():
    assert read_json('{"a": ["ü", 1.5, null]}'.encode()) == {"a": ["ü", 1.5, None]}
