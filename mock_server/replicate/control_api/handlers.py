"""What each call of `/_mock/…` does: reads the body, asks the control object, shows the answer."""

from dataclasses import asdict
from typing import Any

from aiohttp import web

from mock_server.replicate.api.bodies import read_object
from mock_server.replicate.parts import PARTS, origin_of
from mock_server.replicate.scenario_names import NAMED_SCENARIOS
from mock_server.replicate.scenario_reading import scenario_like

MOST_QUEUED = 10_000
LONGEST_LINK_S = 30 * 24 * 3600


async def get_scenario(request: web.Request) -> web.Response:
    """The global scenario and the queued ones."""
    control = request.app[PARTS].control
    queued = [asdict(scenario) for scenario in control.queued_scenarios]
    return web.json_response({"scenario": asdict(control.scenario), "next": queued})


async def put_scenario(request: web.Request) -> web.Response:
    """Replaces the global scenario; fields not named are as in the one it is `like`, or as when all goes well."""
    control = request.app[PARTS].control
    control.scenario = scenario_like(await read_object(request))
    return web.json_response({"scenario": asdict(control.scenario)})


async def queue_scenario(request: web.Request) -> web.Response:
    """Queues `scenario` for the next `count` (1) creates."""
    body = await read_object(request)
    count, values = _whole(body, "count", 1, MOST_QUEUED), body.get("scenario", {})
    if not isinstance(values, dict):
        raise ValueError("scenario is an object")  # noqa: TRY004 -- answered like every other fault
    scenario = scenario_like(values)
    request.app[PARTS].control.next_scenario(scenario, count)
    return web.json_response({"scenario": asdict(scenario), "count": count})


async def list_scenarios(_request: web.Request) -> web.Response:
    """The scenarios that have a name, with their fields."""
    named = [{"name": name, "label": one.label, "fields": one.fields} for name, one in NAMED_SCENARIOS.items()]
    return web.json_response({"scenarios": named})


async def get_journal(request: web.Request) -> web.Response:
    """The last calls and deliveries, oldest first; `since` leaves out what is older, seconds since 1970."""
    control = request.app[PARTS].control
    since = float(request.query.get("since", "0"))
    shown: dict[str, list[dict[str, Any]]] = {
        "calls": [asdict(call) for call in control.calls if call.at >= since],
        "deliveries": [asdict(delivery) for delivery in control.deliveries if delivery.at >= since],
    }
    return web.json_response(shown)


async def release_all(request: web.Request) -> web.Response:
    """Lets every held prediction go on."""
    return web.json_response({"released": request.app[PARTS].control.release()})


async def release_one(request: web.Request) -> web.Response:
    """Lets one held prediction go on."""
    return web.json_response({"released": request.app[PARTS].control.release(request.match_info["id"])})


async def resend_webhook(request: web.Request) -> web.Response:
    """Sends the final webhook of a prediction again, with the same webhook-id."""
    return web.json_response({"sent": request.app[PARTS].control.resend(request.match_info["id"])})


async def expire_outputs(request: web.Request) -> web.Response:
    """Makes every output URL answer 404."""
    await request.app[PARTS].control.expire_outputs()
    return web.json_response({"expired": True})


async def get_time(request: web.Request) -> web.Response:
    """The mock's time, seconds since 1970, and how fast it runs."""
    control = request.app[PARTS].control
    return web.json_response({"now": control.now, "speed": control.speed})


async def warp_time(request: web.Request) -> web.Response:
    """Pushes the mock's time ahead by `advance_s`, or lets it run `speed` times as fast from now on."""
    body, control = await read_object(request), request.app[PARTS].control
    for name, change in (("advance_s", control.advance), ("speed", control.run_at)):
        value = body.get(name)
        if isinstance(value, bool) or not isinstance(value, (int, float, type(None))):
            raise ValueError(f"{name} is a number")  # noqa: TRY004 -- as above
        if value is not None:
            change(value)
    return await get_time(request)


async def link_file(request: web.Request) -> web.Response:
    """A signed link to the bytes of an upload, for `expires_in_s` (3600) seconds."""
    seconds = _whole(await read_object(request), "expires_in_s", 3600, LONGEST_LINK_S)
    url = request.app[PARTS].control.file_link(request.match_info["id"], origin_of(request), seconds)
    return web.json_response({"url": url})


async def reset(request: web.Request) -> web.Response:
    """As just started."""
    await request.app[PARTS].control.reset()
    return web.json_response({"reset": True})


def _whole(body: dict[str, Any], name: str, default: int, most: int) -> int:
    value = body.get(name, default)
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= most:
        raise ValueError(f"{name} is a number from 1 to {most}")
    return value
