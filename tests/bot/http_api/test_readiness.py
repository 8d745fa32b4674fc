"""The state of all parties, asked for once however many want to know."""

import asyncio

from bot.http_api.readiness import Readiness
from tests.support.fakes import Gate
from tests.support.skipped_time import time_passes


class Parties:
    def __init__(self):
        self.parts, self.asked, self.gate = {"storage": "ok"}, 0, None

    async def __call__(self):
        self.asked += 1
        if self.gate:
            await self.gate.passed()
        return dict(self.parts)


async def test_a_thousand_who_wonder_at_once_make_one_question():
    parties = Parties()
    parties.gate = gate = Gate()
    ready = Readiness(parties)
    asking = asyncio.gather(*(ready.parts() for _ in range(1000)))
    await gate.reached.wait()
    gate.open()
    answers = await asking
    assert answers == [{"storage": "ok"}] * 1000
    assert parties.asked == 1


def test_good_news_is_kept_for_a_second(skipping_time):
    parties = Parties()

    async def story():
        ready = Readiness(parties)
        for _ in range(100):
            await ready.parts()
        assert parties.asked == 1
        await time_passes(1)
        parties.parts = {"storage": "StorageUnavailableError"}
        assert (await ready.parts())["storage"] != "ok"
        assert parties.asked == 2

    skipping_time(story())


async def test_bad_news_is_not_kept():
    parties = Parties()
    parties.parts = {"storage": "StorageUnavailableError"}
    ready = Readiness(parties)
    await ready.parts()
    parties.parts = {"storage": "ok"}
    assert await ready.parts() == {"storage": "ok"}


async def test_who_hangs_up_does_not_take_the_answer_away():
    parties = Parties()
    parties.gate = gate = Gate()
    ready = Readiness(parties)
    impatient, patient = asyncio.ensure_future(ready.parts()), asyncio.ensure_future(ready.parts())
    await gate.reached.wait()
    impatient.cancel()
    await asyncio.wait({impatient})
    gate.open()
    assert await patient == {"storage": "ok"}


async def test_a_question_that_fails_is_asked_again():
    answers = iter([RuntimeError("x")])

    async def ask():
        for error in answers:
            raise error
        return {"storage": "ok"}

    ready = Readiness(ask)
    failed = await asyncio.gather(ready.parts(), return_exceptions=True)
    assert isinstance(failed[0], RuntimeError)
    assert await ready.parts() == {"storage": "ok"}
