"""Who and where: how a person, a chat and a message of Telegram's are called in our records."""

from aiogram.types import Chat, Message, User
from structlog.contextvars import get_contextvars

from bot.telegram.rules import ChatRules
from storage.job import Origin
from storage.object_keys import job_id_of
from storage.person import Person


def user_key(user: User | None) -> str:
    """A person's name in records: whose history and quota."""
    return user_key_of(user.id if user else 0)


def user_key_of(user_id: int) -> str:
    """The same for a Telegram id."""
    return f"tg-{user_id}"


def author_key(message: Message) -> str:
    """Whose a message is, in records. Who hides behind a chat is the group that they write in.

    Every anonymous admin of any group, and everybody who writes as a channel, comes as one and the same user of
    Telegram's; who of them it is nobody is told. https://core.telegram.org/bots/api#message (`sender_chat`).
    """
    return group_key(message.chat) if message.sender_chat else user_key(message.from_user)


def group_key(chat: Chat) -> str:
    """The name in records of all who write anonymously in a group."""
    return user_key_of(chat.id)


def job_id_for(message: Message, rules: ChatRules) -> str:
    """The job that a message asks for; the same however often the message is delivered."""
    return job_id_of("telegram", rules.bot_id, message.chat.id, message.message_id)


def album_id_for(message: Message, rules: ChatRules) -> str:
    """The job that all pictures of the message's album ask for together."""
    return job_id_of("telegram", rules.bot_id, message.chat.id, "album", message.media_group_id or "")


def origin_of(message: Message, user: str, locale: str, person: Person) -> Origin:
    """Where a message stands, and so where the answer goes, for a wish of this user's."""
    return Origin(
        user=user,
        locale=locale,
        chat_id=message.chat.id,
        message_id=message.message_id,
        thread_id=thread_of(message),
        update_id=update_id(),
        delivery=person.delivery,
    )


def thread_of(message: Message) -> int | None:
    """The topic that a message stands in. A mere chain of replies has a number too, which nothing can be sent to."""
    return message.message_thread_id if message.is_topic_message else None


def plain(text: str | None) -> str:
    """A person's words without lone surrogates, which JSON can carry and UTF-8 cannot."""
    return (text or "").encode(errors="replace").decode()


def update_id() -> int | None:
    """The update that is being handled."""
    value = get_contextvars().get("update_id")
    return value if isinstance(value, int) else None
