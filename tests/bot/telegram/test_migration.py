"""A group becomes a supergroup while somebody is asked something: the answer is written in the new chat."""

import pytest

from storage.errors import StorageUnavailableError
from tests.support.chat_door import ANNA, BOT, SIZES, ChatDoor, message
from tests.support.fakes import storage_down

OLD = {"id": -100, "type": "group", "title": "G"}
NEW = {"id": -1009001, "type": "supergroup", "title": "G"}
GONE = {"chat": OLD, "migrate_to_chat_id": NEW["id"]}
CAME = {"chat": NEW, "migrate_from_chat_id": OLD["id"]}
QUESTION = message(sender=BOT, chat=NEW, message_id=3, text="What shall be changed?")


@pytest.fixture
async def door():
    """Somebody has been asked for words in a group."""
    door = ChatDoor()
    await door.message(chat=OLD, photo=SIZES, caption="/edit@a_bot")
    await door.process.run_ready()
    (job,) = door.jobs
    assert job.draft
    return door


async def write(door, words="in winter"):
    await door.message(update_id=103, chat=NEW, message_id=4, text=words, reply_to_message=QUESTION)
    return door.jobs[0].prompt


async def test_words_in_another_chat_are_no_answer(door):
    assert await write(door) == ""


@pytest.mark.parametrize("told", [[GONE], [CAME], [GONE, CAME], [CAME, GONE, GONE]])
@pytest.mark.parametrize("sender", [ANNA, None])
async def test_words_in_the_new_chat_are_the_answer(door, told, sender):
    for number, news in enumerate(told):
        await door.message(update_id=101 + number, sender=sender, message_id=2, **news)
    assert await write(door) == "in winter"


async def test_the_news_comes_again_when_it_cannot_be_recorded(door):
    door.world.faults.fail("store.put", storage_down)
    with pytest.raises(StorageUnavailableError):
        await door.message(update_id=101, **GONE)
    await door.message(update_id=101, **GONE)
    assert await write(door) == "in winter"
