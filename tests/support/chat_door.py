"""Updates into the dispatcher, as Telegram sends them, over fakes: what becomes a job, and what is said."""

from dataclasses import replace
from datetime import UTC

from bot.jobs.background import Background
from bot.jobs.erasure import PersonErasure, ResultErasure
from bot.jobs.limits.pause import Pause
from bot.jobs.limits.recorded_limits import RecordedLimits
from bot.jobs.ports.queue import QueueDepth
from bot.jobs.results.smaller import SmallerAgain
from bot.telegram.admin_queries import AdminQueries
from bot.telegram.alerts import AdminAlerts
from bot.telegram.dependencies import HandlerDependencies
from bot.telegram.handlers import build_dispatcher
from bot.telegram.history_cards import HistoryCards
from bot.telegram.intake import UpdateIntake
from bot.telegram.replies import Replies
from bot.telegram.rules import ChatRules
from bot.telegram.sender import ChatNotifier
from bot.telegram.showing import Showing
from bot.work_queue.single_process import NoNotes
from replicate_gateway.prediction import PredictionStatus
from storage import object_keys
from storage.people import People
from storage.records import load_job
from storage.reminders import Reminders
from tests.support.fakes import PRESETS, FrozenClock, InlineExecutor, World, build
from tests.support.recording_bot import TOKEN, recording_bot

BOT_ID = int(TOKEN.partition(":")[0])
BOT = {"id": BOT_ID, "is_bot": True, "first_name": "Bot", "username": "a_bot"}
ANNA = {"id": 7, "is_bot": False, "first_name": "Anna", "language_code": "en"}
BEN = ANNA | {"id": 8, "first_name": "Ben"}
PRIVATE = {"id": 7, "type": "private"}
GROUP = {"id": -100, "type": "supergroup", "title": "G"}
SIZES = [
    {"file_id": f"photo-{side}", "file_unique_id": f"u{side}", "width": side, "height": side, "file_size": side * 10}
    for side in (90, 320, 1280)
]
FILE = {"file_id": "document-1", "file_unique_id": "d1", "file_size": 5000}
_DATE = 1_790_000_000


def entities(words: str) -> list[dict]:
    """The commands and mentions in a text, as Telegram marks them."""
    found, offset = [], 0
    for word in words.split(" "):
        kind = {"/": "bot_command", "@": "mention"}.get(word[:1])
        length = len(word.encode("utf-16-le", "surrogatepass")) // 2
        if kind:
            found.append({"type": kind, "offset": offset, "length": length})
        offset += length + 1
    return found


def message(*, message_id=5, chat=PRIVATE, sender=ANNA, text=None, caption=None, **content):
    """A message as JSON."""
    body = {"message_id": message_id, "date": _DATE, "chat": chat} | ({"from": sender} if sender else {}) | content
    if body.get("photo") is SIZES:  # another picture in every message
        body["photo"] = [size | {"file_unique_id": f"{size['file_unique_id']}-{message_id}"} for size in SIZES]
    for name, words, marks in (("text", text, "entities"), ("caption", caption, "caption_entities")):
        if words is not None:
            body |= {name: words} | ({marks: entities(words)} if entities(words) else {})
    return body


def some_dependencies(process, world, bot, rules=None, **changes):
    """What the product's handlers ask for, over fakes."""

    async def readiness():
        return {"storage": "ok", "replicate": "down since noon"}

    async def depth():
        return QueueDepth(ready=1, later=2, running=3, oldest_s=0.5)

    rules = rules or ChatRules(bot_id=1, default_locale="en", preset="restore", max_image_mb=20)
    people, pause, jobs = People(world.store), Pause(world.store), process.jobs
    cards = HistoryCards(process.repository, process.service, process.results, PRESETS, rules.keep, UTC, world.clock)
    dependencies = HandlerDependencies(
        cards=cards,
        jobs=process.service,
        results=process.results,
        smaller=SmallerAgain(process.service, process.results, world.store, InlineExecutor()),
        result_erasure=ResultErasure(jobs.erasure, process.repository),
        person_erasure=PersonErasure(
            jobs.erasure, process.repository, world.store, people, process.spent, process.queue, world.clock
        ),
        moved_groups=jobs.moved_groups,
        people=people,
        presets=PRESETS,
        showing=Showing(process.results, InlineExecutor(), UTC),
        alerts=AdminAlerts(bot, (), world.clock, process.background),
        reminders=Reminders(world.store),
        notes=NoNotes(),
        clock=world.clock,
        queries=AdminQueries(process.repository, jobs.tally, pause, readiness, depth, "mock", UTC, world.clock),
        rules=rules,
        replies=Replies(process.background),
    )
    return replace(dependencies, **changes)


def a_notifier(bot, *, people=None, background=None, clock=None):
    """The product's voice in the chats."""
    background, clock = background or Background(), clock or FrozenClock()
    alerts = AdminAlerts(bot, (), clock, background)
    return ChatNotifier(bot, alerts, Replies(background), PRESETS, people or People(World().store), clock)


class ChatDoor:
    """`await door.message(text=...)` is an update, `door.said` what the bot answered, `door.jobs` what it recorded."""

    def __init__(self, world=None, *, people=None, notes=None, **rules):
        self.world = world or World()
        self.bot, self.session = recording_bot()
        self.people, self.pause = people or People(self.world.store), Pause(self.world.store)
        self.process = build(self.world, people=RecordedLimits(self.people, self.pause))
        self.background, self.repository = self.process.background, self.process.repository
        defaults = {"bot_id": BOT_ID, "default_locale": "en", "preset": "restore", "max_image_mb": 20}
        self.rules = ChatRules(**defaults | rules)
        dependencies = some_dependencies(self.process, self.world, self.bot, self.rules, people=self.people)
        dependencies = replace(
            dependencies, queries=replace(dependencies.queries, pause=self.pause), notes=notes or NoNotes()
        )
        self.dispatcher = build_dispatcher(dependencies)
        self.intake = UpdateIntake(self.bot, self.dispatcher, self.repository, self.world.chat)

    async def __call__(self, update_id=100, **content):
        await self.intake.take({"update_id": update_id, **content})
        await self.background.drain(1)
        assert self.world.chat.alerts == [], self.poison

    async def message(self, *, update_id=100, **content):
        await self(update_id, message=message(**content))

    async def press(self, data, *, sender=ANNA, on=None, query_id="q1"):
        """A pressed button, `on` a message of the bot's."""
        on = message(sender=BOT, text="a message", message_id=900) if on is None else on
        query = {"id": query_id, "from": sender, "chat_instance": "c", "data": data, "message": on}
        await self(callback_query=query)

    async def done(self, caption="", *, error=None, **content):
        """A photo is sent and worked off; returns its job, and what was said so far is forgotten."""
        before = {job.id for job in self.jobs}
        await self.message(photo=SIZES, caption=caption, **content)
        await self.process.run_ready()
        for prediction_id in self.world.replicate.running:
            if error:
                self.world.replicate.end(prediction_id, PredictionStatus.FAILED, error=error)
            else:
                self.world.replicate.succeed(prediction_id)
        await self.process.deliver_callbacks()
        await self.process.run_ready()
        self.forget()
        return next(job for job in self.jobs if job.id not in before)

    def forget(self):
        """What was said so far."""
        self.session.calls.clear()

    @property
    def poison(self):
        return [self.world.store.objects[key].body.decode() for key in self.world.store.keys("poison")]

    @property
    def said(self):
        """The words of all calls, in their order."""
        words = (call.params.get("text") or call.params.get("caption") for call in self.session.calls)
        return [one for one in words if one]

    @property
    def buttons(self):
        """Label -> callback data (or URL) of the last keyboard shown."""
        rows = next(
            call.params["reply_markup"]["inline_keyboard"]
            for call in reversed(self.session.calls)
            if call.params.get("reply_markup")
        )
        return {one["text"]: one.get("callback_data") or one.get("url") for row in rows for one in row}

    @property
    def reactions(self):
        calls = [call for call in self.session.calls if call.method == "setMessageReaction"]
        return [(call.params["message_id"], call.params["reaction"][0]["emoji"]) for call in calls]

    @property
    def jobs(self):
        keys = self.world.store.keys(object_keys.JOBS)
        return [load_job(self.world.store.objects[key].body, key) for key in keys]
