import gc
import weakref

import pytest
from aiogram import Bot
from aiogram.exceptions import TelegramBadRequest
from aiogram.methods import DeleteMessage

from bot.telegram.session import TelegramSession

BOT = Bot("42:TEST", session=TelegramSession())
METHOD = DeleteMessage(chat_id=1, message_id=2)


def test_the_model_of_an_answer_outlives_it():
    def answer():
        return BOT.session.check_response(BOT, METHOD, 200, '{"ok": true, "result": true}')

    model = weakref.ref(type(answer()))
    gc.collect()

    assert model() is type(answer())
    assert answer().result is True


def test_refusals_are_those_of_aiogram():
    with pytest.raises(TelegramBadRequest, match="gone"):
        BOT.session.check_response(BOT, METHOD, 400, '{"ok": false, "description": "gone"}')
