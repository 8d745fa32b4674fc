"""Updates, pushed or polled: recorded, kept as poison, or left with Telegram to come again."""

import asyncio
import json
import logging
from contextlib import suppress

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from structlog.contextvars import bind_contextvars, get_contextvars, merge_contextvars
from structlog.testing import capture_logs

from bot import app_keys
from bot.jobs.errors import EngineUnavailableError, NotDoneError
from bot.jobs.guards.meter import SilentMeter
from bot.middleware import errors_to_answers
from bot.telegram.handlers import build_dispatcher
from bot.telegram.intake import UpdateIntake
from bot.telegram.routes import PATH, SECRET_HEADER, add_routes
from storage import object_keys
from storage.errors import StorageRefusedError, StorageUnavailableError
from tests.support.chat_door import some_dependencies
from tests.support.fakes import World, storage_down
from tests.support.recording_bot import recording_bot
from tests.support.skipped_time import time_passes

pytestmark = pytest.mark.usefixtures("logs")

PHOTO = {"file_id": "f", "width": 90, "height": 90}


def photo_update(update_id, message_id=None):
    sender = {"id": 7, "is_bot": False, "first_name": "Anna", "language_code": "en"}
    head = {"message_id": message_id or update_id, "date": 1_790_000_000, "chat": {"id": 7, "type": "private"}}
    photo = [PHOTO | {"file_unique_id": f"u{head['message_id']}"}]
    return {"update_id": update_id, "message": head | {"from": sender, "photo": photo}}


def unreadable_update(update_id):
    return {"update_id": update_id, "message": {"message_id": "no number"}}


class Intake:
    def __init__(self):
        self.world = World()
        process = self.world.start()
        self.repository = process.repository
        self.bot, self.session = recording_bot()
        self.excused = []
        self.dispatcher = build_dispatcher(some_dependencies(process, self.world, self.bot))
        self.counted = []
        meter = SilentMeter()
        meter.update_taken = lambda *told: self.counted.append(told)
        self.updates = UpdateIntake(
            self.bot, self.dispatcher, process.repository, self.world.chat, meter, self.excused.append
        )

    @property
    def jobs(self):
        return self.world.store.keys(object_keys.JOBS)

    @property
    def poison(self):
        return self.world.store.keys(object_keys.POISON)


@pytest.fixture
def intake():
    return Intake()


async def test_a_photo_is_recorded_before_take_returns(intake):
    await intake.updates.take(photo_update(1))
    assert len(intake.jobs) == 1
    assert len(intake.world.store.keys(object_keys.OPEN)) == 1


async def test_an_update_that_cannot_be_parsed_is_kept_with_its_traceback_and_reported(intake):
    await intake.updates.take(unreadable_update(77))
    (key,) = intake.poison
    assert "77" in key
    document = json.loads(intake.world.store.objects[key].body)
    assert document["update"] == unreadable_update(77)
    assert "ValidationError" in "".join(document["traceback"])
    ((code, words),) = intake.world.chat.alerts
    assert code == "update_poisoned"
    assert key in words
    assert intake.excused == [unreadable_update(77)]


async def test_a_handler_that_breaks_is_poison_too(intake):
    async def broken(_):
        raise ZeroDivisionError

    intake.dispatcher.message.handlers.clear()
    intake.dispatcher.message.register(broken)
    await intake.updates.take(photo_update(3))
    assert len(intake.poison) == 1


@pytest.mark.parametrize("kind", [{}, {"brand_new_thing": {"text": "a secret of somebody"}}], ids=["none", "new"])
async def test_an_update_of_a_kind_that_nobody_knows_is_let_go_without_its_text(intake, logs, kind):
    """aiogram itself prints it whole, as a Python warning."""
    await intake.updates.take({"update_id": 4, **kind})
    assert intake.poison == []
    assert "update_ignored" in {line["event"] for line in logs}
    assert "a secret of somebody" not in str(logs)


@pytest.mark.parametrize("error", [storage_down(), ZeroDivisionError("a secret of somebody")])
async def test_the_framework_writes_no_traceback_of_its_own(intake, caplog, error):
    """It would be one for every update while the storage is down, and its last line quotes what broke."""
    caplog.set_level(logging.DEBUG)

    async def broken(_):
        raise error

    intake.dispatcher.message.handlers.clear()
    intake.dispatcher.message.register(broken)
    with suppress(StorageUnavailableError):
        await intake.updates.take(photo_update(3))
    assert "Traceback" not in caplog.text
    assert "secret" not in caplog.text


@pytest.mark.parametrize("update", [{}, {"update_id": None}, {"update_id": "../../x"}, {"update_id": [1]}])
async def test_an_update_without_a_usable_number_is_kept_under_a_harmless_name(intake, update):
    await intake.updates.take(update)
    (key,) = intake.poison
    assert key == object_keys.poison("updates", "unknown")


@pytest.mark.parametrize("error", [StorageUnavailableError("down"), StorageRefusedError("disk full")])
async def test_what_cannot_be_recorded_has_to_come_again(intake, error):
    intake.world.faults.fail("store.put", error, times=float("inf"))
    with pytest.raises(type(error)):
        await intake.updates.take(photo_update(1))
    intake.world.faults.stop()
    await intake.updates.take(photo_update(1))
    assert len(intake.jobs) == 1
    assert intake.poison == []


def command_update(update_id, words, chat_type="private"):
    update = photo_update(update_id)
    update["message"] |= {"text": words, "entities": [{"type": "bot_command", "offset": 0, "length": len(words)}]}
    update["message"]["chat"] |= {"type": chat_type}
    del update["message"]["photo"]
    return update


@pytest.mark.parametrize(
    "error", [EngineUnavailableError(), StorageUnavailableError("down"), StorageRefusedError("no")]
)
async def test_an_update_whose_handler_cannot_ask_is_answered_with_503_and_taken_when_it_comes_again(intake, error):
    handled = []

    async def ask(_):
        handled.append(error)
        if len(handled) == 1:
            raise error

    intake.dispatcher.message.handlers.clear()
    intake.dispatcher.message.register(ask)
    app = web.Application(middlewares=[errors_to_answers])
    add_routes(app)
    app[app_keys.TELEGRAM_SECRET], app[app_keys.UPDATES] = b"s", intake.updates
    async with TestClient(TestServer(app)) as client:
        for status in (503, 200):
            async with client.post(PATH, json=command_update(1, "/cancel"), headers={SECRET_HEADER: "s"}) as answer:
                assert answer.status == status
                assert ("Retry-After" in answer.headers) == (status == 503)
    assert len(handled) == 2
    assert intake.poison == []
    assert intake.excused == []


async def test_what_telegram_has_to_be_asked_first_comes_again_while_it_is_away(intake):
    """In a group a command with a name behind it may be another bot's: what are we called?"""
    intake.session.break_line(ConnectionResetError())
    with pytest.raises(NotDoneError):
        await intake.updates.take(command_update(1, "/cancel@a_bot", "group"))
    await intake.updates.take(command_update(1, "/cancel@a_bot", "group"))
    assert intake.poison == []
    assert intake.session.methods[:2] == ["getMe", "getMe"]


async def test_poison_that_cannot_be_kept_has_to_come_again(intake):
    intake.world.faults.fail("store.put", storage_down)
    with pytest.raises(StorageUnavailableError):
        await intake.updates.take(unreadable_update(5))
    assert intake.world.chat.alerts == []
    assert intake.excused == [], "it comes again, and may go well then"


def nested(depth):
    document = {}
    for _ in range(depth):
        document = {"x": document}
    return document


@pytest.mark.parametrize("content", [{"text": "\ud800"}, {"deep": nested(900)}], ids=["lone surrogate", "deep"])
async def test_whatever_an_update_holds_it_can_be_kept(intake, content):
    await intake.updates.take({"update_id": 9, "message": {"message_id": "no number", **content}})
    assert len(intake.poison) == 1


@pytest.mark.parametrize("again", ["update", "button"])
async def test_a_record_that_nobody_can_read_does_not_block_its_chat(intake, again):
    await intake.updates.take(photo_update(1))
    (key,) = intake.jobs
    job_id = key.removeprefix(object_keys.JOBS).removesuffix(".json")
    intake.world.store.put_now(key, b'{"v": 99}')
    intake.repository._recent.forget(job_id)
    sender = photo_update(1)["message"]["from"]
    press = {"id": "q", "from": sender, "chat_instance": "c", "data": f"j1:cancel:{job_id.replace('-', '')}"}
    await intake.updates.take(photo_update(1) if again == "update" else {"update_id": 2, "callback_query": press})
    assert intake.jobs == [key]


async def test_each_update_has_a_log_context_of_its_own(intake):
    await intake.updates.take(photo_update(8))
    assert get_contextvars()["update_id"] == 8
    bind_contextvars(left_over=True)
    await intake.updates.take(photo_update(9))
    assert get_contextvars()["update_id"] == 9
    assert "left_over" not in get_contextvars()


def polled(intake, *, until):
    """Poll until the condition holds, then stop as the process does."""

    async def story():
        task = asyncio.create_task(intake.updates.poll())
        for _ in range(2000):
            await time_passes(0.5)
            if until() or task.done():
                break
        assert not task.done(), task
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert until(), intake.session.methods[-5:]

    return story()


class Queue:
    """getUpdates as Telegram plays it: what is below the offset is forgotten, the rest comes again."""

    def __init__(self, session, updates):
        self.updates, self.offsets, self.forgets = list(updates), [], True
        self.session = session
        session.default = self.answer

    def answer(self, method):
        if method.__api_method__ != "getUpdates":
            return self.session._success(method)
        self.offsets.append(method.offset)
        if not self.forgets:  # an offset of before does not count for ids of now
            self.forgets = True
            return self.session._success(method).__class__(200, json.dumps({"ok": True, "result": self.updates}))
        self.updates = [u for u in self.updates if method.offset is None or u["update_id"] >= method.offset]
        return self.session._success(method).__class__(200, json.dumps({"ok": True, "result": self.updates}))


def calls_of_polling(intake):
    return [call for call in intake.session.calls if call.method == "getUpdates"]


def idle(session):
    """An empty long poll takes its time; without that the story would be one hot loop."""
    original = session.make_request

    async def make_request(*args, **kwargs):
        result = await original(*args, **kwargs)
        if result == []:
            await time_passes(30)
        return result

    session.make_request = make_request


def test_polling_takes_what_comes_and_confirms_it_with_the_next_call(intake, skipping_time):
    idle(intake.session)
    queue = Queue(intake.session, [photo_update(10), photo_update(11)])
    skipping_time(polled(intake, until=lambda: queue.updates == []))
    assert queue.offsets[:2] == [None, 12]
    assert len(intake.jobs) == 2


def test_polling_asks_for_the_kinds_that_have_handlers_and_outwaits_the_long_poll(intake, skipping_time):
    idle(intake.session)
    Queue(intake.session, [])
    skipping_time(polled(intake, until=lambda: calls_of_polling(intake)))
    call = calls_of_polling(intake)[0]
    assert set(call.params["allowed_updates"]) == set(intake.updates.update_types)
    assert call.timeout_s > call.params["timeout"]


def test_an_update_is_not_confirmed_before_it_is_recorded(intake, skipping_time):
    idle(intake.session)
    queue = Queue(intake.session, [photo_update(10), photo_update(11), photo_update(12)])
    intake.world.faults.fail("store.put", storage_down, skip=2, times=5)  # the first is recorded, the second is not
    skipping_time(polled(intake, until=lambda: queue.updates == []))
    assert queue.offsets[0] is None
    assert queue.offsets[1] == 11  # the first is confirmed, the second has to come again
    assert len(intake.jobs) == 3


def in_chat(update, chat_id):
    update["message"]["chat"]["id"] = update["message"]["from"]["id"] = chat_id
    return update


class Slow:
    """A handler that stands still in some chats, before it records."""

    def __init__(self, intake, *chats):
        self.taken, self.gates = [], {chat: asyncio.Event() for chat in chats}
        intake.dispatcher.message.outer_middleware(self)

    async def __call__(self, handler, event, data):
        if gate := self.gates.get(event.chat.id):
            await gate.wait()
        result = await handler(event, data)
        self.taken.append(event.message_id)
        return result


def test_one_persons_slow_update_holds_up_nobody_elses(intake, skipping_time):
    """Deleting everything may take a minute; and what is new meanwhile does not wait for it either."""
    idle(intake.session)
    slow = Slow(intake, 7)
    queue = Queue(intake.session, [in_chat(photo_update(10), 7), in_chat(photo_update(11), 8)])

    async def story():
        task = asyncio.create_task(intake.updates.poll())
        await time_passes(2)
        assert slow.taken == [11]
        queue.updates += [in_chat(photo_update(12), 7), in_chat(photo_update(13), 9)]
        await time_passes(2)
        assert slow.taken == [11, 13]
        assert set(queue.offsets) == {None, 10}, "what is confirmed is lost when the process is killed"
        assert len(queue.offsets) < 10, "and Telegram is not asked all the time"
        slow.gates[7].set()
        await time_passes(2)
        assert slow.taken == [11, 13, 10, 12]
        assert queue.offsets[-1] == 14
        task.cancel()

    skipping_time(story())


@pytest.mark.parametrize("stands", ["standing still", "refused by the storage"])
def test_no_update_is_lost_or_taken_twice_where_the_process_is_killed_while_one_stands_still(
    intake, skipping_time, stands
):
    idle(intake.session)
    slow = Slow(intake, *([7] if stands == "standing still" else []))
    queue = Queue(intake.session, [in_chat(photo_update(10), 7), in_chat(photo_update(11), 8)])
    if stands != "standing still":
        intake.world.faults.fail("store.put", storage_down)

    async def killed():
        task = asyncio.create_task(intake.updates.poll())
        await time_passes(2)
        task.cancel()

    skipping_time(killed())
    assert slow.taken == [11]
    assert [update["update_id"] for update in queue.updates] == [10, 11]
    for gate in slow.gates.values():
        gate.set()
    again = UpdateIntake(intake.bot, intake.dispatcher, intake.repository, intake.world.chat)
    intake.updates = again
    skipping_time(polled(intake, until=lambda: queue.updates == []))
    assert len(intake.jobs) == 2
    assert queue.offsets[-1] == 12


def test_what_comes_after_one_that_has_to_come_again_is_taken_after_it(intake, skipping_time):
    idle(intake.session)
    slow = Slow(intake)
    chats = {10: 7, 11: 8, 12: 7, 13: 8}
    queue = Queue(intake.session, [in_chat(photo_update(number), chat) for number, chat in chats.items()])
    intake.world.faults.fail("store.put", storage_down)
    skipping_time(polled(intake, until=lambda: queue.updates == []))
    assert slow.taken == [11, 13, 10, 12]
    assert queue.offsets == [None, 10, 14]


def test_one_that_had_to_come_again_and_never_does_holds_nobody_up(intake, skipping_time):
    """Telegram keeps a press for 150 s only."""
    idle(intake.session)
    slow = Slow(intake)
    queue = Queue(intake.session, [in_chat(photo_update(10), 7), in_chat(photo_update(11), 8)])
    intake.world.faults.fail("store.put", storage_down)

    async def story():
        task = asyncio.create_task(intake.updates.poll())
        await time_passes(2)
        assert slow.taken == [11]
        del queue.updates[0]
        await time_passes(40)
        assert queue.offsets[-1] == 12
        assert len(queue.offsets) < 6
        task.cancel()

    skipping_time(story())


def test_presses_of_a_person_come_in_their_order_and_not_behind_a_chats_messages(intake, skipping_time):
    idle(intake.session)
    slow, pressed = Slow(intake, 7), []

    async def press(query):
        await time_passes(0.3 if query.id == "q1" else 0)
        pressed.append(query.id)

    intake.dispatcher.callback_query.handlers.clear()
    intake.dispatcher.callback_query.register(press)
    sender = photo_update(1)["message"]["from"]
    presses = [
        {"update_id": 20 + n, "callback_query": {"id": f"q{n}", "from": sender, "chat_instance": "c", "data": "x"}}
        for n in (1, 2)
    ]
    queue = Queue(intake.session, [photo_update(10), *presses])
    skipping_time(polled(intake, until=lambda: pressed == ["q1", "q2"]))
    assert slow.taken == []
    assert queue.offsets[-1] in (None, 10)


def test_ids_that_begin_anew_after_a_quiet_week_are_taken(intake, skipping_time):
    """https://core.telegram.org/bots/api#update: "the next update will be chosen randomly instead of sequentially"."""
    idle(intake.session)
    queue = Queue(intake.session, [photo_update(1000)])

    async def story():
        task = asyncio.create_task(intake.updates.poll())
        await time_passes(2)
        queue.forgets = False
        queue.updates = [photo_update(5), photo_update(7)]
        await time_passes(60)
        task.cancel()
        assert len(intake.jobs) == 3
        assert queue.offsets[-1] == 8

    skipping_time(story())


def test_an_update_that_cannot_be_parsed_does_not_hold_up_the_rest(intake, skipping_time):
    idle(intake.session)
    queue = Queue(intake.session, [photo_update(10), unreadable_update(11), photo_update(12)])
    skipping_time(polled(intake, until=lambda: queue.updates == []))
    assert len(intake.jobs) == 2
    assert len(intake.poison) == 1


def test_polling_survives_whatever_telegram_answers(intake, skipping_time):
    idle(intake.session)
    session = intake.session
    session.refuse(500, "Internal Server Error")
    session.refuse(
        409, "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running"
    )
    session.refuse(401, "Unauthorized")
    session.refuse(429, "Too Many Requests: retry after 5", retry_after=5)
    session.answer_raw(502, "<html>bad gateway</html>")
    session.answer_raw(200, '{"ok": true, "result": [7]}')
    session.answer_raw(200, '{"ok": true, "result": {}}')
    session.break_line(TimeoutError())
    session.break_line(ConnectionResetError())
    queue = Queue(session, [photo_update(10)])
    skipping_time(polled(intake, until=lambda: queue.updates == [] and intake.jobs))
    assert len(intake.jobs) == 1


def test_errors_in_a_row_do_not_make_a_hot_loop(intake, skipping_time):
    intake.session.default = lambda method: intake.session._success(method).__class__(
        500, '{"ok": false, "description": "x"}'
    )

    async def story():
        task = asyncio.create_task(intake.updates.poll())
        await time_passes(60)
        task.cancel()
        assert 5 <= len(calls_of_polling(intake)) <= 60

    skipping_time(story())


def test_nothing_that_breaks_makes_the_bot_deaf(intake, skipping_time, logs):
    """A task that ends is logged once, and from then on nobody asks for updates."""
    idle(intake.session)
    queue = Queue(intake.session, [photo_update(10)])
    intake.world.faults.fail("store.put", RuntimeError("x"), times=3)
    skipping_time(polled(intake, until=lambda: queue.updates == [] and intake.jobs))
    assert "polling_crashed" in {line["event"] for line in logs}


def test_an_outage_is_told_once_and_not_every_three_seconds(intake, skipping_time, logs):
    intake.session.default = lambda method: intake.session._success(method).__class__(
        502, '{"ok": false, "description": "Bad Gateway"}'
    )

    async def story():
        task = asyncio.create_task(intake.updates.poll())
        await time_passes(300)
        intake.session.default = lambda method: intake.session._success(method).__class__(
            409, '{"ok": false, "description": "Conflict: terminated by other getUpdates request"}'
        )
        await time_passes(300)
        task.cancel()

    skipping_time(story())
    told = [line["error"] for line in logs if line["event"] == "polling_interrupted"]
    assert told == ["TelegramServerError", "TelegramConflictError"]


async def test_updates_are_counted_by_kind_and_by_what_became_of_them(intake):
    await intake.updates.take(photo_update(1))
    await intake.updates.take(unreadable_update(2))
    await intake.updates.take({"update_id": 3, "a kind of the future": {}})
    intake.world.faults.fail("store.put", storage_down, times=2)
    with pytest.raises(StorageUnavailableError):
        await intake.updates.take(photo_update(4))
    assert intake.counted == [
        ("message", "taken"),
        ("message", "poisoned"),
        ("other", "taken"),
        ("message", "postponed"),
    ]


def text_update(words, **changes):
    sender = {"id": 7, "is_bot": False, "first_name": "Anna", "language_code": "en"}
    head = {"message_id": 1, "date": 1_790_000_000, "chat": {"id": 7, "type": "private"}, "from": sender}
    return {"update_id": 1, "message": head | {"text": words} | changes}


STRANGE_CHATS = [{"update_id": 1, "poll": {"id": "1"}}, {"update_id": 1, "message": 7}, {"update_id": 1, "message": {}}]


@pytest.fixture
def bound(logs):
    """The lines with what is bound to them."""
    with capture_logs(processors=[merge_contextvars]) as lines:
        yield lines


@pytest.mark.parametrize(
    ("update", "chat_id"),
    [
        (photo_update(1), 7),
        ({"update_id": 1, "callback_query": {"id": "q", "message": photo_update(1)["message"]}}, 7),
        *((update, None) for update in STRANGE_CHATS),
    ],
)
async def test_whose_chat_it_is_stands_in_every_line_from_the_first_one_on(intake, bound, update, chat_id):
    await intake.updates.take(update)
    assert bound[0]["event"] == "update_received"
    assert {line["chat_id"] for line in bound} == {chat_id}


@pytest.mark.parametrize(
    ("update", "handler"),
    [
        (text_update("hello"), "hints.hint"),
        (text_update("/help"), "help_screens.help"),
        (text_update("hello", chat={"id": -5, "type": "group", "title": "us"}), None),
    ],
)
async def test_what_became_of_an_update_that_makes_no_job_is_told(intake, logs, update, handler):
    await intake.updates.take(update)
    assert [line["handler"] for line in logs if line["event"] == "update_taken"] == [handler]


async def test_an_update_that_makes_a_job_is_told_by_the_jobs_lines(intake, logs):
    await intake.updates.take(photo_update(1))
    await intake.updates.take(photo_update(1))
    assert [line["event"] for line in logs] == ["update_received", "job_recorded", "update_received", "job_repeated"]
