"""Stopping jobs: by their button, by /cancel; and buttons that are not (any more) for whoever presses them."""

import pytest

from bot.jobs.errors import NotDoneError
from bot.telegram.button_data import job_data
from bot.telegram.wording import text
from storage.chat_events import ChatMoved
from storage.job import JobStatus
from storage.lifecycle_events import OutcomeDecided
from tests.support.chat_door import ANNA, BEN, BOT, GROUP, PRIVATE, SIZES, ChatDoor, message
from tests.support.fakes import BEGIN


@pytest.fixture
def door():
    return ChatDoor()


async def photo(door, **content):
    await door.message(photo=SIZES, **content)
    door.forget()
    return door.jobs[-1]


async def test_the_cancel_button_cancels_and_answers_its_press(door):
    job = await photo(door)
    await door.press(job_data("cancel", job.id))
    assert door.jobs[0].cancel_requested
    assert (door.session.methods, door.said) == (["answerCallbackQuery"], [text("canceling", "en")])


async def test_a_second_press_does_no_harm(door):
    job = await photo(door)
    for _ in range(2):
        await door.press(job_data("cancel", job.id))
    assert door.said == [text("canceling", "en")] * 2


async def test_a_press_after_the_end_says_so_and_changes_nothing(door):
    job = await photo(door)
    await door.repository.change(job.id, [OutcomeDecided(JobStatus.COMPLETED, BEGIN)], BEGIN)
    before = door.jobs
    await door.press(job_data("cancel", job.id))
    assert text("already_finished", "en") in door.said
    assert door.jobs == before


async def test_in_a_group_only_the_person_who_asked_can_cancel_and_others_are_told_who_that_is(door):
    job = await photo(door, chat=GROUP, caption="@a_bot")
    quoted = message(chat=GROUP, photo=SIZES)
    status = message(sender=BOT, chat=GROUP, text="in work", message_id=900, reply_to_message=quoted)
    await door.press(job_data("cancel", job.id), sender=BEN, on=status)
    assert door.said == [text("not_yours", "en", name="Anna")]
    assert not door.jobs[0].cancel_requested
    await door.press(job_data("cancel", job.id), sender=ANNA, on=status)
    assert door.jobs[0].cancel_requested


async def test_where_the_quoted_message_is_gone_the_job_itself_knows_whose_it_is(door):
    job = await photo(door, chat=GROUP, caption="@a_bot")
    status = message(sender=BOT, chat=GROUP, text="in work", message_id=900)
    await door.press(job_data("cancel", job.id), sender=BEN, on=status)
    assert door.said == [text("not_yours_unnamed", "en")]
    assert not door.jobs[0].cancel_requested


@pytest.mark.parametrize("job", ["A" * 22, "nonsense", "../../jobs/x", "", "-" * 21])
async def test_a_job_that_there_is_not_is_said_to_be_gone(door, job):
    await door.press(f"j2:cancel:{job}:")
    assert door.said == [text("job_gone", "en")]


@pytest.mark.parametrize(
    "data",
    ["j1:cancel:" + "0" * 32, "j0:cancel:" + "0" * 32, "j2:cancel", "j2:cancel:a:b:c", "anything", "ключ", "j2:x:y:z"],
)
async def test_a_button_of_another_version_or_of_nobody_gets_a_fresh_menu(door, data):
    await door.press(data)
    assert sorted(door.said) == sorted([text("old_button", "en"), text("menu", "en")])
    assert text("try_sample", "en") in door.buttons


async def test_in_a_group_an_old_button_is_answered_without_a_menu(door):
    await door.press("j0:x", on=message(sender=BOT, chat=GROUP, text="old"))
    assert door.said == [text("old_button", "en")]


async def test_cancel_stops_everything_that_the_person_has_running_and_nothing_else(door):
    await door.message(photo=SIZES, message_id=5)
    await door.message(photo=SIZES, message_id=6)
    await door.message(photo=SIZES, message_id=7, sender=BEN)
    await door.process.run_ready()
    await door.message(text="/cancel")
    assert door.said[-1] == text("canceling_all", "en", n=2)
    assert {job.origin.user for job in door.jobs if job.cancel_requested} == {"tg-7"}
    await door.process.run_ready()
    await door.message(text="/cancel")
    assert door.said[-1] == text("nothing_to_cancel", "en")


ANONYMOUS = {"id": 1087968824, "is_bot": True, "first_name": "Group", "username": "GroupAnonymousBot"}
CHANNEL_BOT = {"id": 136817688, "is_bot": True, "first_name": "Channel", "username": "Channel_Bot"}


def anonymously(chat, sender=ANONYMOUS, behind=None):
    return {"chat": chat, "sender": sender, "sender_chat": behind or chat, "caption": "@a_bot"}


def member(status):
    if status == "administrator":
        rights = ("can_be_edited", "is_anonymous", "can_manage_chat", "can_delete_messages", "can_manage_video_chats")
        more = ("can_restrict_members", "can_promote_members", "can_change_info", "can_invite_users")
        stories = ("can_post_stories", "can_edit_stories", "can_delete_stories", "can_send_welcome_messages")
        return {"status": status, "user": BEN} | dict.fromkeys((*rights, *more, *stories), True)
    return {"status": status, "user": BEN, "is_anonymous": True}


async def test_who_writes_anonymously_is_the_group_and_not_everybody_who_does(door):
    """All anonymous admins there are shared the day's photos of one person."""
    channel = {"id": -1005, "type": "channel", "title": "C"}
    other = GROUP | {"id": -200}
    await door.message(photo=SIZES, message_id=5, **anonymously(GROUP))
    await door.message(photo=SIZES, message_id=6, **anonymously(other))
    await door.message(photo=SIZES, message_id=7, **anonymously(other, CHANNEL_BOT, channel))
    assert sorted(job.origin.user for job in door.jobs) == ["tg--100", "tg--200", "tg--200"]
    await door.process.run_ready()
    await door.message(text="/cancel", chat=GROUP, sender=ANONYMOUS, sender_chat=GROUP)
    assert [job.origin.user for job in door.jobs if job.cancel_requested] == ["tg--100"]


@pytest.mark.parametrize("status", ["creator", "administrator"])
async def test_an_admin_of_the_group_may_use_the_buttons_of_what_was_asked_anonymously(door, status):
    job = await door.done(**anonymously(GROUP))
    quoted = message(**anonymously(GROUP))
    result = message(sender=BOT, chat=GROUP, photo=SIZES, message_id=900, reply_to_message=quoted)
    door.session.succeed(member(status))
    await door.press(job_data("again", job.id), sender=BEN, on=result)
    (asked,) = [call.params for call in door.session.calls if call.method == "getChatMember"]
    assert (asked["chat_id"], asked["user_id"]) == (-100, 8)
    (other,) = [one for one in door.jobs if one.id != job.id]
    assert other.origin.user == "tg--100"
    door.session.succeed(member(status))
    await door.press(job_data("cancel", other.id), sender=BEN, on=result)
    assert [one.cancel_requested for one in door.jobs if one.id == other.id] == [True]


@pytest.mark.parametrize("action", ["again", "cancel", "delete", "file", "preset"])
@pytest.mark.parametrize("fault", ["member", "left", "refused"])
async def test_others_may_not_and_read_who_may(door, action, fault):
    job = await door.done(**anonymously(GROUP))
    if fault == "refused":
        door.session.refuse(400, "Bad Request: member list is inaccessible")
    else:
        door.session.succeed({"status": fault, "user": BEN})
    on = message(sender=BOT, chat=GROUP, photo=SIZES, message_id=900, reply_to_message=message(**anonymously(GROUP)))
    await door.press(job_data(action, job.id, "1"), sender=BEN, on=on)
    assert door.said == [text("not_yours_unnamed", "en")]
    assert len(door.jobs) == 1


async def test_an_admin_of_one_group_has_no_say_in_another(door):
    job = await door.done(**anonymously(GROUP))
    on = message(sender=BOT, chat=GROUP | {"id": -200}, photo=SIZES, message_id=900)
    await door.press(job_data("again", job.id), sender=BEN, on=on)
    assert door.said == [text("not_yours_unnamed", "en")]
    assert "getChatMember" not in door.session.methods


async def test_a_press_that_telegram_cannot_be_asked_about_comes_again(door):
    job = await door.done(**anonymously(GROUP))
    door.session.break_line(ConnectionResetError())
    with pytest.raises(NotDoneError):
        await door.press(job_data("again", job.id), sender=BEN, on=message(sender=BOT, chat=GROUP, text="x"))


def out_of(chat, by):
    """The bot was put out of a chat by somebody, or blocked by them."""
    us = {"user": BOT, "status": "member"}
    gone = us | {"status": "kicked", "until_date": 0}
    return {"chat": chat, "from": by, "date": 1_790_000_000, "old_chat_member": us, "new_chat_member": gone}


async def test_when_a_group_puts_the_bot_out_everybodys_jobs_there_end_and_no_others(door):
    """Only those of who did it did; the others' ran on, paid for, until the next message was refused."""
    for number, (chat, sender) in enumerate(
        [(GROUP, ANNA), (GROUP, BEN), (GROUP | {"id": -200}, BEN), (PRIVATE, ANNA)]
    ):
        await door.message(photo=SIZES, message_id=number, chat=chat, sender=sender, caption="@a_bot")
    await door.message(photo=SIZES, message_id=5, chat=GROUP, sender=BEN, caption="@a_bot", media_group_id="album")
    await door(my_chat_member=out_of(GROUP, ANNA))
    ended = [(job.origin.chat_id, job.origin.user) for job in door.jobs if job.outcome]
    assert sorted(ended) == [(-100, "tg-7"), (-100, "tg-8"), (-100, "tg-8")]
    assert {job.outcome.code for job in door.jobs if job.outcome} == {"chat_gone"}


async def test_so_do_those_that_have_followed_the_group_there(door):
    await door.message(photo=SIZES, chat=GROUP | {"id": -200}, sender=BEN, caption="@a_bot")
    (job,) = door.jobs
    await door.repository.change(job.id, [ChatMoved(-100)], door.world.clock.now())
    await door(my_chat_member=out_of(GROUP, ANNA))
    assert door.jobs[0].outcome


async def test_who_blocks_the_bot_ends_their_private_jobs_only(door):
    await door.message(photo=SIZES, message_id=5)
    await door.message(photo=SIZES, message_id=6, chat=GROUP, caption="@a_bot")
    await door.process.run_ready()
    await door(my_chat_member=out_of(PRIVATE, ANNA))
    assert [job.origin.chat_id for job in door.jobs if job.outcome] == [7]


async def test_updates_of_kinds_without_a_handler_are_not_even_asked_for(door):
    assert set(door.intake.update_types) == {"message", "edited_message", "callback_query", "my_chat_member"}
