import json
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from replicate_gateway import errors
from replicate_gateway.answers import Answer, Subject, error_of

# The first text that hypothesis draws on a fresh machine builds its tables of characters, which takes a second.
PATIENT = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

NOW = datetime(2026, 11, 20, tzinfo=UTC)


def refused(status, fields=None, *, subject=Subject.CREATION, body=None, headers=None):
    content = json.dumps(fields).encode() if body is None else body
    return error_of(Answer(status, headers or {}, content), subject=subject, now=NOW)


@pytest.mark.parametrize(
    ("subject", "expected"),
    [
        (Subject.CREATION, errors.ModelNotFoundError),
        (Subject.MODEL, errors.ModelNotFoundError),
        (Subject.PREDICTION, errors.PredictionNotFoundError),
        (Subject.ACCOUNT, errors.GatewayProtocolError),
        (Subject.FILE, errors.GatewayProtocolError),
    ],
)
def test_not_found_depends_on_what_was_asked_for(subject, expected):
    assert type(refused(404, {"detail": "Not found."}, subject=subject)) is expected


def test_a_lost_answer_matters_for_creations_only():
    for status in (408, 500, 502, 503, 504, 520, 303):
        assert type(refused(status)) is errors.OutcomeUnknownError
        assert type(refused(status, subject=Subject.PREDICTION)) is errors.GatewayUnavailableError


def test_an_unavailable_api_may_say_for_how_long():
    error = refused(503, subject=Subject.PREDICTION, headers={"retry-after": "12"})
    assert error.retry_after_s == 12


@pytest.mark.parametrize(
    "fields",
    [
        {"title": "Invalid version or not permitted", "detail": "x"},
        {"detail": "The specified version does not exist (or perhaps you don't have permission to use it?)"},
    ],
)
def test_an_unknown_version_is_the_operators(fields):
    assert type(refused(422, fields)) is errors.ModelNotFoundError


def test_an_input_called_version_is_the_users():
    listed = [{"field": "input.version", "description": "Invalid version"}]
    error = refused(422, {"detail": "- input.version: Invalid version", "invalid_fields": listed})
    assert type(error) is errors.PredictionRejectedError
    assert error.invalid_fields == ("version",)


def test_each_invalid_field_is_named_once():
    listed = [
        {"field": "input", "description": "prompt is required"},
        {"field": "input.scale", "description": "too large"},
        {"field": "input.scale", "description": "not a number"},
        {"field": "input", "description": "nonsense"},
        {"field": 5},
        "text",
    ]
    assert refused(422, {"invalid_fields": listed}).invalid_fields == ("prompt", "scale", "input")


def test_details_are_one_bounded_printable_line():
    error = refused(402, {"title": "Insufficient\r\ncredit", "detail": "x\x1b[31m" + "y" * 5_000})
    assert error.detail.startswith("Insufficient credit: x [31my")
    assert len(error.detail) == 500


def test_an_html_page_is_described_not_quoted():
    error = refused(503, body=b"<html>secret</html>", headers={"content-type": "text/html\r\nx"})
    assert error.detail == "no problem document in 19 bytes of text/html x"


@PATIENT
@given(
    status=st.integers(300, 599),
    body=st.binary(max_size=60) | st.dictionaries(
        st.sampled_from(["title", "detail", "invalid_fields", "retry_after"]),
        st.text() | st.none() | st.lists(st.dictionaries(st.sampled_from(["field", "description"]), st.text())),
    ).map(lambda fields: json.dumps(fields).encode()),
    subject=st.sampled_from(Subject),
)  # fmt: skip
def test_every_answer_has_an_error_and_only_lost_creations_are_of_unknown_outcome(status, body, subject):
    error = refused(status, subject=subject, body=body)
    assert isinstance(error, errors.GatewayError)
    assert error.status == status
    if isinstance(error, errors.OutcomeUnknownError):
        assert subject is Subject.CREATION
        assert status >= 500 or status == 408 or status < 400
