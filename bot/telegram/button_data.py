"""What a button carries: at most 64 bytes, which come back when it is pressed, perhaps to a later version of us.

Every prefix ends in a version: change it when the fields or their meaning change. A button that no handler knows any
more is answered with a fresh menu (`handlers.outdated`). Values say what shall be, not what shall change, so that a
press that is delivered twice does no more than one.
"""

import base64
import binascii
import uuid

from aiogram.filters.callback_data import CallbackData

_NO_JOB = ""


class JobButton(CallbackData, prefix="j2"):
    """Something to do with a job."""

    action: str
    job: str
    arg: str = ""

    @property
    def job_id(self) -> str:
        """The job's id; empty if this never was one."""
        return _unpacked(self.job)


class HistoryButton(CallbackData, prefix="h1"):
    """A card of the history: one of a job's results."""

    job: str
    number: str = "1"

    @property
    def job_id(self) -> str:
        """The job's id; empty if this never was one."""
        return _unpacked(self.job)


class MenuButton(CallbackData, prefix="m1"):
    """A screen to show."""

    screen: str
    arg: str = ""


class SettingButton(CallbackData, prefix="s1"):
    """A choice of the person's: the setting and its new value."""

    name: str
    value: str


class FeedbackButton(CallbackData, prefix="f1"):
    """Whom an admin's reply to this message is for, what it quotes, and in which language they read."""

    user: int
    message: int
    locale: str


def job_data(action: str, job_id: str, arg: str = "") -> str:
    """The data of a button about this job."""
    return JobButton(action=action, job=_packed(job_id), arg=arg).pack()


def history_data(job_id: str, number: int = 1) -> str:
    """The data of a button that leads to this card."""
    return HistoryButton(job=_packed(job_id), number=str(number)).pack()


def number_in(arg: str) -> int:
    """The number that an argument begins with; 0 if it begins with none."""
    first = arg.partition(".")[0]
    return int(first) if first.isdecimal() and len(first) < 3 else 0


def _packed(job_id: str) -> str:
    """A third shorter than in hex."""
    return base64.urlsafe_b64encode(uuid.UUID(job_id).bytes).rstrip(b"=").decode()


def _unpacked(packed: str) -> str:
    try:
        return str(uuid.UUID(bytes=base64.urlsafe_b64decode(f"{packed}==")))
    except (ValueError, binascii.Error):
        return _NO_JOB
