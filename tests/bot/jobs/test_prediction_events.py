"""Between Replicate's words and the job's."""

import pytest

from bot.jobs.errors import JobFailedError, NotDoneError, OutcomeUnknownError
from bot.jobs.prediction_events import OPERATOR_CODES, failure_code, news_of, translated
from replicate_gateway import errors as gateway
from replicate_gateway.prediction import Prediction, PredictionStatus
from replicate_gateway.presets import OutputKind
from storage.slot_events import PredictionCreated, PredictionEnded
from tests.support.fakes import BEGIN

CREATED = PredictionCreated(1, "p1", BEGIN)


def prediction(status: PredictionStatus, **changes) -> Prediction:
    return Prediction(id="p1", status=status, raw_status=status.value, **changes)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (None, "model_failed"),
        ("", "model_failed"),
        ("The input or output was flagged as sensitive. (E005)", "model_refused_content"),
        ("NSFW content detected. Try running it again", "model_refused_content"),
        ("No face detected", "no_face"),
        ("could not find a face in the image", "no_face"),
        ("CUDA out of memory. Tried to allocate 2 GiB", "model_out_of_memory"),
        ("local variable 'output' referenced before assignment", "model_failed"),
    ],
)
def test_what_models_say_becomes_a_code(error, code):
    assert failure_code(error) == code


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (gateway.CredentialsRefusedError("x", status=401), "service_credentials"),
        (gateway.CreditExhaustedError("x", status=402), "service_credit"),
        (gateway.ModelNotFoundError("x", status=404), "service_model"),
        (gateway.PayloadTooLargeError("x", status=413), "model_out_of_memory"),
        (gateway.PredictionRejectedError("x", status=422), "input_rejected"),
    ],
)
def test_what_time_does_not_mend_fails_the_job(error, code):
    answer = translated(error)
    assert isinstance(answer, JobFailedError)
    assert answer.code == code


def test_the_admins_are_told_what_only_they_can_mend():
    assert {"service_credentials", "service_credit", "service_model"} == OPERATOR_CODES


@pytest.mark.parametrize(
    ("error", "code", "wait_s"),
    [
        (gateway.GatewayBusyError("x", retry_after_s=7.5), "replicate_busy", 7.5),
        (gateway.GatewayUnreachableError("x"), "replicate_unreachable", None),
        (gateway.GatewayUnavailableError("x", status=502), "replicate_unreachable", None),
        (gateway.GatewayProtocolError("x"), "replicate_unreachable", None),
    ],
)
def test_what_time_mends_is_put_off(error, code, wait_s):
    answer = translated(error)
    assert isinstance(answer, NotDoneError)
    assert (answer.code, answer.retry_after_s) == (code, wait_s)


def test_an_unknown_outcome_stays_unknown():
    assert isinstance(translated(gateway.OutcomeUnknownError("x")), OutcomeUnknownError)


@pytest.mark.parametrize("status", [PredictionStatus.STARTING, PredictionStatus.PROCESSING, PredictionStatus.UNKNOWN])
def test_a_prediction_that_goes_on_is_only_known_to_exist(status):
    assert news_of(prediction(status, output=["https://x/y"]), 1, BEGIN) == (CREATED,)


def test_a_success_brings_its_outputs():
    news = news_of(prediction(PredictionStatus.SUCCEEDED, output=["https://x/y"], predict_time_s=2.5), 1, BEGIN)
    assert news == (CREATED, PredictionEnded(1, "p1", BEGIN, ("https://x/y",), None, 2.5))


def test_a_text_with_half_a_character_can_be_recorded():
    ended = prediction(PredictionStatus.SUCCEEDED, output=["An old ", "sailor \ud83d"])
    (_, event) = news_of(ended, 1, BEGIN, OutputKind.TEXT)
    assert event.output == ("An old sailor ?",)


@pytest.mark.parametrize(
    ("ended", "failure"),
    [
        (prediction(PredictionStatus.SUCCEEDED, output="just words"), "no_output"),
        (prediction(PredictionStatus.SUCCEEDED, data_removed=True), "output_gone"),
        (prediction(PredictionStatus.CANCELED, output="https://x/y"), "prediction_canceled"),
        (prediction(PredictionStatus.ABORTED), "prediction_aborted"),
        (prediction(PredictionStatus.FAILED, error="No face detected"), "no_face"),
    ],
)
def test_an_end_without_a_result_brings_its_reason(ended, failure):
    assert news_of(ended, 1, BEGIN) == (CREATED, PredictionEnded(1, "p1", BEGIN, (), failure, error=ended.error))
