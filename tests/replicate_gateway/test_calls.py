import asyncio

import httpx
import pytest

from replicate_gateway import errors
from replicate_gateway.answers import Answer, Subject
from replicate_gateway.calls import ApiCalls, CallLimits
from replicate_gateway.transport import EXCHANGE, AnswerRefusedError, ForeignAddressError
from tests.support.waiting import loop_turns


class Sleeper:
    def __init__(self):
        self.slept_s = []

    async def __call__(self, seconds):
        self.slept_s.append(seconds)


class Script:
    """A client call that does the next thing each time."""

    def __init__(self, *acts):
        self._acts = list(acts)
        self.calls = 0

    async def __call__(self):
        self.calls += 1
        act = self._acts[min(self.calls, len(self._acts)) - 1]
        if isinstance(act, BaseException):
            raise act
        EXCHANGE.get().answer = Answer(200, {}, act)


def busy(retry_after):
    return AnswerRefusedError(Answer(429, {"Retry-After": str(retry_after)}, b""))


UNAVAILABLE = AnswerRefusedError(Answer(503, {}, b"<html>"))


@pytest.fixture
def sleeper():
    return Sleeper()


@pytest.fixture
def calls(sleeper):
    return ApiCalls(CallLimits(), sleep=sleeper, jitter=lambda: 1.0)


async def test_the_document_of_the_answer_is_given(calls):
    assert await calls.once(Script(b'{"a": 1}'), subject=Subject.ACCOUNT, limit_s=1) == {"a": 1}


async def test_pauses_grow_and_add_to_what_the_api_asks_for(calls, sleeper):
    script = Script(UNAVAILABLE, httpx.ReadTimeout("slow"), busy(7), b"1")
    assert await calls.repeated(script, subject=Subject.ACCOUNT) == 1
    assert sleeper.slept_s == [0.25, 0.5, 8.0]


async def test_a_pause_beyond_the_deadline_is_left_to_the_caller(calls, sleeper):
    script = Script(busy(50), b"1")
    with pytest.raises(errors.GatewayBusyError):
        await calls.repeated(script, subject=Subject.ACCOUNT)
    assert (script.calls, sleeper.slept_s) == (1, [])


async def test_what_time_does_not_help_is_not_repeated(calls):
    for refusal in (400, 401, 402, 404, 413):
        script = Script(AnswerRefusedError(Answer(refusal, {}, b"{}")))
        with pytest.raises(errors.GatewayError):
            await calls.repeated(script, subject=Subject.PREDICTION)
        assert script.calls == 1


@pytest.mark.parametrize(
    ("raised", "expected"),
    [
        (httpx.ConnectError("x"), errors.GatewayUnreachableError),
        (httpx.ConnectTimeout("x"), errors.GatewayUnreachableError),
        (httpx.PoolTimeout("x"), errors.GatewayUnreachableError),
        (httpx.ReadTimeout("x"), errors.OutcomeUnknownError),
        (httpx.WriteError("x"), errors.OutcomeUnknownError),
        (httpx.RemoteProtocolError("x"), errors.OutcomeUnknownError),
        (ConnectionResetError(), errors.OutcomeUnknownError),
        (ForeignAddressError("not the API's address: evil"), errors.GatewayProtocolError),
    ],
)
async def test_foreign_errors_of_a_creation_are_sorted_by_what_is_known(calls, raised, expected):
    with pytest.raises(expected) as caught:
        await calls.once(Script(raised), subject=Subject.CREATION, limit_s=1)
    assert caught.value.__cause__ is raised


async def test_a_parser_that_fails_on_an_answer_does_not_hide_it(calls):
    async def send():
        EXCHANGE.get().answer = Answer(200, {}, b'{"status": "aborted"}')
        raise AttributeError("the client's")

    assert await calls.once(send, subject=Subject.PREDICTION, limit_s=1) == {"status": "aborted"}


async def test_a_fault_of_our_own_is_not_taken_for_one_of_replicate(calls):
    with pytest.raises(TypeError):
        await calls.once(Script(TypeError("ours")), subject=Subject.PREDICTION, limit_s=1)


async def test_calls_at_the_same_time_do_not_mix_their_answers(calls):
    async def send(number):
        exchange = EXCHANGE.get()
        await loop_turns()
        exchange.answer = Answer(200, {}, str(number).encode())

    async def ask(number):
        return await calls.once(lambda: send(number), subject=Subject.ACCOUNT, limit_s=1)

    assert await asyncio.gather(*map(ask, range(50))) == list(range(50))


async def test_a_cancelled_call_stays_cancelled(calls):
    task = asyncio.create_task(calls.repeated(asyncio.Event().wait, subject=Subject.ACCOUNT))
    await loop_turns()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
