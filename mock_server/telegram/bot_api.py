"""One Bot API call from its parameters to its answer: faults, flood limits, the method, the journal."""

import asyncio
import time
from typing import Any

from mock_server.telegram.config import TelegramEmulatorConfig
from mock_server.telegram.errors import BotApiError, ConnectionDroppedError, not_modelled
from mock_server.telegram.faults import Fault
from mock_server.telegram.methods import METHODS, DeliveryMethod, Method
from mock_server.telegram.params import CallParams
from mock_server.telegram.webhook import WebhookDelivery
from mock_server.telegram.world import World

# https://core.telegram.org/bots/api#making-requests-when-getting-updates; the server ignores these there
_IGNORED_IN_REPLIES = ("get", "setwebhook", "deletewebhook", "logout", "close")


class BotApi:
    """Runs the calls of the bot on a world."""

    def __init__(self, config: TelegramEmulatorConfig, world: World) -> None:
        self._world = world
        self.webhook = WebhookDelivery(config, world.updates, world.journal, self._call_in_reply)

    async def call(self, method: str, params: CallParams, via: str = "http") -> dict[str, Any]:
        """Run a call and give the body of its successful answer.

        Raises: BotApiError for a refusal, ConnectionDroppedError when the caller is to get no answer.
        """
        started = time.perf_counter()
        known = METHODS.get(method.lower())
        fault = self._world.faults.take(method, params.integer("chat_id") or None)
        status, result = 0, None
        try:
            answer = await self._run_with_fault(method, known, params, fault)
            status, result = 200, answer["result"]
        except BotApiError as error:
            status, result = error.code, error.answer()
            raise
        finally:
            self._world.journal.record_call(
                known.name if known else method,
                params,
                status=status,
                result=result,
                took_ms=(time.perf_counter() - started) * 1000,
                via=via,
                fault=fault.action if fault else None,
            )
        return answer

    async def _run_with_fault(
        self, method: str, known: Method | DeliveryMethod | None, params: CallParams, fault: Fault | None
    ) -> dict[str, Any]:
        if fault is not None:
            await asyncio.sleep(fault.delay_s)
            if fault.action == "error":
                raise fault.error()
            if fault.action == "reset_before":
                raise ConnectionDroppedError
        if known is None:
            raise not_modelled(f"method {method}")
        answer = await self._run(known, params)
        if fault is not None and fault.action == "drop_answer_after_delivery":
            raise ConnectionDroppedError
        return answer

    async def _run(self, known: Method | DeliveryMethod, params: CallParams) -> dict[str, Any]:
        if isinstance(known, DeliveryMethod):
            result = await known.run(self._world, params, self.webhook)
            if isinstance(result, tuple):
                return {"ok": True, "result": result[0], "description": result[1]}
            return {"ok": True, "result": result}
        if known.counts_for_flood:
            self._world.flood.spend(params.integer("chat_id"))
        return {"ok": True, "result": await known.run(self._world, params)}

    async def _call_in_reply(self, method: str, params: CallParams) -> None:
        if not method.lower().startswith(_IGNORED_IN_REPLIES):
            await self.call(method, params, via="webhook reply")
