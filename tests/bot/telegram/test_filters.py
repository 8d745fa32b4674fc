import threading

from aiogram import Bot, Dispatcher, F, Router
from aiogram.filters import Command
from aiogram.types import Update

from bot.telegram.filters import keep_filters_on_the_loop

BOT = Bot("42:TEST")
MESSAGE = {"message_id": 1, "date": 1, "chat": {"id": 1, "type": "private"}, "text": "/go on"}


async def test_filters_run_where_the_handlers_do_and_decide_as_before():
    seen = []

    def look(name, answer):
        def check(_, **__):
            seen.append((name, threading.current_thread()))
            return answer

        return check

    def needs(update_id):
        seen.append(("by name", threading.current_thread()))
        return {"given": update_id}

    async def taken(message, command, given):
        return f"{message.chat.id} {command.args} {given}"

    async def not_taken():
        raise AssertionError

    router, below = Router(), Router()
    router.message.filter(F.text, look("common", answer=True))
    router.message.register(not_taken, look("no", answer=False))
    below.message.register(not_taken, F.photo)
    below.message.register(taken, Command("go"), lambda message, update_id: needs(update_id))
    router.include_router(below)
    dispatcher = Dispatcher(disable_fsm=True)
    dispatcher.include_router(router)

    keep_filters_on_the_loop(dispatcher)
    answer = await dispatcher.feed_update(BOT, Update.model_validate({"update_id": 9, "message": MESSAGE}), update_id=9)

    assert answer == "1 on 9"
    assert [name for name, _ in seen] == ["common", "no", "by name"]
    assert {thread for _, thread in seen} == {threading.main_thread()}
