"""Predictions over HTTP: create in three ways, get, list, cancel.

The documented surface: https://replicate.com/docs/reference/http
"""

import asyncio
from collections.abc import Mapping
from typing import Any

from aiohttp import web

from mock_server.replicate import problems
from mock_server.replicate.bodies import read_object
from mock_server.replicate.create_call import model_input_of, read_order
from mock_server.replicate.models import Target
from mock_server.replicate.pages import Page, cut_page
from mock_server.replicate.parts import PARTS, Parts, origin_of
from mock_server.replicate.prediction import Prediction, created_json, prediction_json, waited_json
from mock_server.replicate.scenario import Scenario
from mock_server.replicate.wire_format import parse_prefer_wait, parse_timestamp

LONGEST_EARLY_WAIT_S = 30
THROTTLINGS = {
    "header": problems.throttled_by_header,
    "body": problems.throttled_for_credit,
    "text": problems.throttled,
}

routes = web.RouteTableDef()


@routes.post("/v1/predictions")
async def create_by_version(request: web.Request) -> web.StreamResponse:
    """Runs the `version` named in the body."""
    body = await read_object(request)
    scenario = _drawn_scenario(request, body)
    if (refused := await _refused(scenario)) is not None:
        return refused
    reference = body.get("version")
    if not isinstance(reference, str) or not reference:
        raise problems.invalid_field("(root)", "version is required", "required")
    target = request.app[PARTS].models.referenced(reference)
    return await _create(request, body, target, scenario)


@routes.post("/v1/models/{owner}/{name}/predictions")
async def create_by_model(request: web.Request) -> web.StreamResponse:
    """Runs an official model."""
    body = await read_object(request)
    scenario = _drawn_scenario(request, body)
    if (refused := await _refused(scenario)) is not None:
        return refused
    target = request.app[PARTS].models.official(request.match_info["owner"], request.match_info["name"])
    return await _create(request, body, target, scenario)


@routes.post("/v1/deployments/{owner}/{name}/predictions")
async def create_by_deployment(request: web.Request) -> web.StreamResponse:
    """Runs what is deployed under the name."""
    body = await read_object(request)
    scenario = _drawn_scenario(request, body)
    if (refused := await _refused(scenario)) is not None:
        return refused
    target = request.app[PARTS].models.deployed(request.match_info["owner"], request.match_info["name"])
    return await _create(request, body, target, scenario)


@routes.get("/v1/predictions")
async def list_predictions(request: web.Request) -> web.Response:
    """The newest hundred, or the page at the cursor."""
    engine, query = request.app[PARTS].engine, request.query
    after, before = _moment(query, "created_after"), _moment(query, "created_before")
    if query.get("source", "api") not in ("api", "web"):
        raise problems.invalid_field("source", 'source must be one of the following: "api", "web"', "enum")
    rows = [
        prediction
        for prediction in ([] if query.get("source") == "web" else engine.newest_first())
        if (after is None or prediction.created_at >= after) and (before is None or prediction.created_at < before)
    ]
    page = cut_page(rows, lambda prediction: prediction.created_at, query.get("cursor"))
    shown = [prediction_json(row, removed=engine.is_removed(row)) for row in page.rows]
    return web.json_response(page_json(request, page, shown))


@routes.get("/v1/predictions/{id}")
async def get_prediction(request: web.Request) -> web.Response:
    """The prediction as it is now."""
    engine = request.app[PARTS].engine
    prediction = engine.get(request.match_info["id"])
    return web.json_response(prediction_json(prediction, removed=engine.is_removed(prediction)))


@routes.post("/v1/predictions/{id}/cancel")
async def cancel_prediction(request: web.Request) -> web.Response:
    """Ends the prediction; one that has ended is shown unchanged."""
    engine = request.app[PARTS].engine
    prediction = engine.get(request.match_info["id"])
    engine.cancel(prediction)
    return web.json_response(prediction_json(prediction, removed=engine.is_removed(prediction)))


def page_json(request: web.Request, page: Page[Any], shown: list[dict[str, Any]]) -> dict[str, Any]:
    """A page with absolute links that repeat the query of the call."""

    def link(cursor: str | None) -> str | None:
        if cursor is None:
            return None
        return origin_of(request) + str(request.rel_url.update_query(cursor=cursor))

    return {"next": link(page.next_cursor), "previous": link(page.previous_cursor), "results": shown}


def _drawn_scenario(request: web.Request, body: Mapping[str, Any]) -> Scenario:
    try:
        return request.app[PARTS].switches.draw(model_input_of(body))
    except ValueError as error:
        raise problems.invalid_field("input", str(error)) from None


async def _refused(scenario: Scenario) -> web.Response | None:
    """The error a scenario answers instead of creating, if it does."""
    if scenario.create_status is None:
        return None
    await asyncio.sleep(scenario.create_delay_s)
    if scenario.create_html:
        return problems.html_error(scenario.create_status)
    raise _problem(scenario.create_status, scenario)


def _problem(status: int, scenario: Scenario) -> problems.Problem:
    if status == 429:
        if scenario.retry_after_in == "nowhere":
            return problems.Problem(429, {"detail": "Request was throttled."})
        return THROTTLINGS[scenario.retry_after_in](scenario.retry_after_s)
    if status >= 500:
        return problems.server_error(status)
    made = {
        401: problems.unauthenticated,
        402: problems.insufficient_credit,
        404: problems.not_found,
        422: problems.unknown_version,
    }.get(status)
    return made() if made else problems.Problem(status, {"detail": "Refused by a scenario.", "status": status})


async def _create(
    request: web.Request, body: Mapping[str, Any], target: Target, scenario: Scenario
) -> web.StreamResponse:
    parts = request.app[PARTS]
    prediction = parts.engine.create(read_order(request, body, target, scenario))
    shown = created_json(prediction)
    if scenario.webhook_early and (subscription := prediction.order.subscription) is not None:
        await _wait(subscription.final_tried, LONGEST_EARLY_WAIT_S)
    if scenario.create_delay_s:
        await asyncio.sleep(scenario.create_delay_s)
    if scenario.create_dropped:
        return _dropped(request)
    preference = parse_prefer_wait(request.headers.get("Prefer"))
    if preference is None:
        return web.json_response(shown, status=201)
    return await _waited(parts, prediction, *preference)


async def _waited(parts: Parts, prediction: Prediction, applied: str, seconds: int) -> web.Response:
    """The answer to `Prefer: wait`; file outputs are data URIs in it, as recorded."""
    await _wait(prediction.ended, seconds)
    headers = {"Preference-Applied": applied}
    if not prediction.is_terminal:
        headers["Location"] = f"{prediction.order.origin}/v1/predictions/{prediction.id}"
        return web.json_response(prediction_json(prediction), status=202, headers=headers)
    output = prediction.output
    if isinstance(output, str):
        output = await parts.runner.inlined(prediction, output)
    elif output is not None:
        output = [await parts.runner.inlined(prediction, item) for item in output]
    return web.json_response(waited_json(prediction, output), status=201, headers=headers)


def _dropped(request: web.Request) -> web.Response:
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=499)  # goes nowhere; marks the call in the journal


async def _wait(event: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return


def _moment(query: Mapping[str, str], name: str) -> float | None:
    if (text := query.get(name)) is None:
        return None
    try:
        return parse_timestamp(text)
    except ValueError:
        raise problems.invalid_field(name, "Does not match format 'date-time'") from None
