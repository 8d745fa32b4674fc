"""Failures to inject into Bot API calls: the ones that make real bots lose or double messages."""

import itertools
from dataclasses import dataclass, replace
from typing import Literal

from mock_server.telegram.errors import BotApiError

FaultAction = Literal["none", "error", "reset_before", "drop_answer_after_delivery"]


@dataclass(frozen=True)
class Fault:
    """One injected failure.

    Attributes:
        method: Bot API method it is for, any case; "*" for every method.
        chat_id: only for calls about this chat; None for all.
        times: for how many more calls; None until it is removed.
        action: "error" answers `error_code`, `description`, `retry_after`, `migrate_to_chat_id`; "reset_before"
            closes the connection and does nothing; "drop_answer_after_delivery" does the work, then closes the
            connection; "none" only delays.
        delay_s: seconds to wait before anything else.

    """

    method: str = "*"
    chat_id: int | None = None
    times: int | None = 1
    action: FaultAction = "error"
    error_code: int = 500
    description: str = "Internal Server Error"
    retry_after: int | None = None
    migrate_to_chat_id: int | None = None
    delay_s: float = 0.0
    fault_id: int = 0

    def error(self) -> BotApiError:
        """Give the refusal that this fault answers."""
        return BotApiError(
            self.error_code,
            self.description,
            retry_after=self.retry_after,
            migrate_to_chat_id=self.migrate_to_chat_id,
        )

    def fits(self, method: str, chat_id: int | None) -> bool:
        """Tell whether a call of `method` about `chat_id` is hit."""
        return self.method.lower() in {"*", method.lower()} and self.chat_id in {None, chat_id}


class Faults:
    """The failures that wait for their call; the oldest that fits is taken first."""

    def __init__(self) -> None:
        self._ids = itertools.count(1)
        self._faults: dict[int, Fault] = {}

    def add(self, fault: Fault) -> Fault:
        """Arm a failure; give it with its id."""
        armed = replace(fault, fault_id=next(self._ids))
        self._faults[armed.fault_id] = armed
        return armed

    def take(self, method: str, chat_id: int | None) -> Fault | None:
        """Give the failure for this call and count it down."""
        for fault in self._faults.values():
            if fault.fits(method, chat_id):
                self._count_down(fault)
                return fault
        return None

    def armed(self) -> list[Fault]:
        """Give all failures that still wait."""
        return list(self._faults.values())

    def clear(self) -> None:
        """Disarm all."""
        self._faults.clear()

    def _count_down(self, fault: Fault) -> None:
        if fault.times is None:
            return
        if fault.times <= 1:
            del self._faults[fault.fault_id]
        else:
            self._faults[fault.fault_id] = replace(fault, times=fault.times - 1)
