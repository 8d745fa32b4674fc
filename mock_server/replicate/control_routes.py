"""`/_mock/…`: the control object over HTTP, apart from everything Replicate documents. No token."""

from dataclasses import asdict
from typing import Any

from aiohttp import web

from mock_server.replicate.bodies import read_object
from mock_server.replicate.parts import PARTS
from mock_server.replicate.scenario import scenario_from

MOST_QUEUED = 10_000

routes = web.RouteTableDef()


@routes.get("/_mock/scenario")
async def get_scenario(request: web.Request) -> web.Response:
    """The global scenario and the queued ones."""
    control = request.app[PARTS].control
    queued = [asdict(scenario) for scenario in control.queued_scenarios]
    return web.json_response({"scenario": asdict(control.scenario), "next": queued})


@routes.put("/_mock/scenario")
async def put_scenario(request: web.Request) -> web.Response:
    """Replaces the global scenario; fields not named are as when all goes well."""
    control = request.app[PARTS].control
    control.scenario = scenario_from(await read_object(request))
    return web.json_response({"scenario": asdict(control.scenario)})


@routes.post("/_mock/scenario/next")
async def queue_scenario(request: web.Request) -> web.Response:
    """Queues `scenario` for the next `count` (1) creates."""
    body = await read_object(request)
    count, fields = body.get("count", 1), body.get("scenario", {})
    if not isinstance(count, int) or isinstance(count, bool) or not 1 <= count <= MOST_QUEUED:
        raise ValueError(f"count is a number from 1 to {MOST_QUEUED}")
    if not isinstance(fields, dict):
        raise ValueError("scenario is an object")  # noqa: TRY004 -- answered like every other fault
    scenario = scenario_from(fields)
    request.app[PARTS].control.next_scenario(scenario, count)
    return web.json_response({"scenario": asdict(scenario), "count": count})


@routes.get("/_mock/journal")
async def get_journal(request: web.Request) -> web.Response:
    """The last calls and deliveries, oldest first."""
    control = request.app[PARTS].control
    shown: dict[str, list[dict[str, Any]]] = {
        "calls": [asdict(call) for call in control.calls],
        "deliveries": [asdict(delivery) for delivery in control.deliveries],
    }
    return web.json_response(shown)


@routes.post("/_mock/release")
async def release_all(request: web.Request) -> web.Response:
    """Lets every held prediction go on."""
    return web.json_response({"released": request.app[PARTS].control.release()})


@routes.post("/_mock/release/{id}")
async def release_one(request: web.Request) -> web.Response:
    """Lets one held prediction go on."""
    return web.json_response({"released": request.app[PARTS].control.release(request.match_info["id"])})


@routes.post("/_mock/webhooks/{id}/resend")
async def resend_webhook(request: web.Request) -> web.Response:
    """Sends the final webhook of a prediction again."""
    return web.json_response({"sent": request.app[PARTS].control.resend(request.match_info["id"])})


@routes.post("/_mock/outputs/expire")
async def expire_outputs(request: web.Request) -> web.Response:
    """Makes every output URL answer 404."""
    await request.app[PARTS].control.expire_outputs()
    return web.json_response({"expired": True})


@routes.post("/_mock/reset")
async def reset(request: web.Request) -> web.Response:
    """As just started."""
    await request.app[PARTS].control.reset()
    return web.json_response({"reset": True})
