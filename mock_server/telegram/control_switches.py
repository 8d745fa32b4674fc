"""What went over the wire, and the switches for what goes wrong, over HTTP."""

from collections.abc import Callable
from dataclasses import asdict
from typing import Any, get_args

from aiohttp import web

from mock_server.telegram.config import FloodMode
from mock_server.telegram.control_answers import CONTROL, WORLD, answering
from mock_server.telegram.control_views import call_view, delivery_view
from mock_server.telegram.errors import UserActionError
from mock_server.telegram.faults import FaultAction
from mock_server.telegram.params import CallParams

_FLOOD_MODES: tuple[FloodMode, ...] = ("off", "real", "harsh")
_LONGEST_PAUSE_S = 60.0
_FAULT_FIELDS: dict[str, Callable[[Any], Any]] = {
    "method": str,
    "chat_id": int,
    "times": int,
    "action": str,
    "error_code": int,
    "description": str,
    "retry_after": int,
    "migrate_to_chat_id": int,
    "delay_s": float,
}


def add_switch_routes(app: web.Application) -> None:
    """Serve the journal, the faults, the limits, and the switch that restarts the bot."""
    app.router.add_routes(
        [
            web.get("/control/journal", answering(_journal)),
            web.get("/control/faults", answering(_list_faults)),
            web.post("/control/faults", answering(_add_fault)),
            web.delete("/control/faults", answering(_clear_faults)),
            web.put("/control/flood", answering(_set_flood)),
            web.put("/control/group_privacy", answering(_set_group_privacy)),
            web.post("/control/updates/{update_id}/again", answering(_deliver_again)),
            web.post("/control/bot/restart", answering(_restart_bot)),
        ]
    )


async def _journal(request: web.Request, params: CallParams) -> list[dict[str, Any]]:
    """Give what went over the wire, or what did after number `after`."""
    journal, after = request.app[WORLD].journal, params.integer("after")
    calls = [call_view(call) for call in journal.calls if call.seq > after]
    deliveries = [delivery_view(delivery) for delivery in journal.deliveries if delivery.seq > after]
    return sorted(calls + deliveries, key=lambda record: int(record["seq"]))


async def _list_faults(request: web.Request, _: CallParams) -> list[dict[str, Any]]:
    return [asdict(fault) for fault in request.app[WORLD].faults.armed()]


async def _add_fault(request: web.Request, params: CallParams) -> dict[str, Any]:
    unknown = params.values.keys() - _FAULT_FIELDS.keys()
    if unknown:
        raise UserActionError(f"a fault has no {', '.join(sorted(unknown))}; it has {', '.join(_FAULT_FIELDS)}")
    fields: dict[str, Any] = {
        name: None if value is None else _FAULT_FIELDS[name](value) for name, value in params.values.items()
    }
    if fields.get("action", "error") not in get_args(FaultAction):
        raise UserActionError(f"action is one of {', '.join(get_args(FaultAction))}")
    return asdict(request.app[CONTROL].fail(**fields))


async def _clear_faults(request: web.Request, _: CallParams) -> list[dict[str, Any]]:
    request.app[WORLD].faults.clear()
    return []


async def _set_flood(request: web.Request, params: CallParams) -> dict[str, str]:
    mode = next((known for known in _FLOOD_MODES if known == params.string("mode")), None)
    if mode is None:
        raise UserActionError(f"mode is one of {', '.join(_FLOOD_MODES)}")
    request.app[CONTROL].set_flood(mode)
    return {"mode": mode}


async def _set_group_privacy(request: web.Request, params: CallParams) -> dict[str, bool]:
    request.app[CONTROL].set_group_privacy(is_on=params.boolean("is_on"))
    return {"is_on": request.app[WORLD].group_privacy}


async def _deliver_again(request: web.Request, _: CallParams) -> dict[str, bool]:
    request.app[CONTROL].deliver_again(int(request.match_info["update_id"]))
    return {"queued": True}


async def _restart_bot(request: web.Request, params: CallParams) -> dict[str, float]:
    """Stop the bot in an orderly way and start it again after `pause_s` seconds."""
    pause_s = float(params.string("pause_s") or 0)
    if not 0 <= pause_s <= _LONGEST_PAUSE_S:
        raise UserActionError(f"pause_s is 0 to {_LONGEST_PAUSE_S:.0f}")
    request.app[CONTROL].restart_bot(pause_s)
    return {"pause_s": pause_s}
