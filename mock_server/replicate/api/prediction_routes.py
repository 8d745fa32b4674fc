"""Predictions over HTTP: create in three ways, get, list, cancel.

The documented surface: https://replicate.com/docs/reference/http
"""

from collections.abc import Callable, Mapping
from typing import Any

from aiohttp import web

from mock_server.replicate import problems
from mock_server.replicate.api.bodies import read_object
from mock_server.replicate.api.create_call import model_input_of, read_order
from mock_server.replicate.api.pages import page_response
from mock_server.replicate.api.refusals import refusal
from mock_server.replicate.models.registry import Target
from mock_server.replicate.parts import PARTS, Parts
from mock_server.replicate.prediction import Prediction
from mock_server.replicate.prediction_json import created_json, prediction_json, waited_json
from mock_server.replicate.scenario import Scenario
from mock_server.replicate.wire_format import parse_prefer_wait, parse_timestamp

LONGEST_EARLY_WAIT_S = 30

routes = web.RouteTableDef()


@routes.post("/v1/predictions")
async def create_by_version(request: web.Request) -> web.StreamResponse:
    """Runs the `version` named in the body."""

    def target(body: Mapping[str, Any]) -> Target:
        reference = body.get("version")
        if not isinstance(reference, str) or not reference:
            raise problems.invalid_field("(root)", "version is required", "required")
        return request.app[PARTS].models.referenced(reference)

    return await _create(request, target)


@routes.post("/v1/models/{owner}/{name}/predictions")
async def create_by_model(request: web.Request) -> web.StreamResponse:
    """Runs an official model."""
    return await _create(request, lambda _: request.app[PARTS].models.official(**request.match_info))


@routes.post("/v1/deployments/{owner}/{name}/predictions")
async def create_by_deployment(request: web.Request) -> web.StreamResponse:
    """Runs what is deployed under the name."""
    return await _create(request, lambda _: request.app[PARTS].deployments.target(**request.match_info))


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
    return page_response(
        request,
        rows,
        lambda prediction: prediction.created_at,
        lambda prediction: prediction_json(prediction, removed=engine.is_removed(prediction)),
    )


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


def _drawn_scenario(request: web.Request, body: Mapping[str, Any]) -> Scenario:
    try:
        return request.app[PARTS].switches.draw(model_input_of(body))
    except ValueError as error:
        raise problems.invalid_field("input", str(error)) from None


async def _refused(request: web.Request, scenario: Scenario) -> web.Response | None:
    """The error a scenario answers instead of creating, if it does."""
    if scenario.create_status is None:
        return None
    await request.app[PARTS].clock.sleep(scenario.create_delay_s)
    if scenario.create_html:
        return problems.html_error(scenario.create_status)
    raise refusal(scenario.create_status, scenario)


async def _create(request: web.Request, target: Callable[[Mapping[str, Any]], Target]) -> web.StreamResponse:
    """A prediction of what `target` finds for the body; not looked for where the scenario refuses."""
    parts, body = request.app[PARTS], await read_object(request)
    scenario = _drawn_scenario(request, body)
    if (refused := await _refused(request, scenario)) is not None:
        return refused
    prediction = parts.engine.create(read_order(request, body, target(body), scenario))
    shown = created_json(prediction)
    if scenario.webhook_early and (subscription := prediction.order.subscription) is not None:
        await parts.clock.wait(subscription.final_tried, LONGEST_EARLY_WAIT_S)
    if scenario.create_delay_s:
        await parts.clock.sleep(scenario.create_delay_s)
    if scenario.create_dropped:
        return _dropped(request)
    preference = parse_prefer_wait(request.headers.get("Prefer"))
    if preference is None:
        return web.json_response(shown, status=201)
    return await _waited(parts, prediction, shown, *preference)


async def _waited(
    parts: Parts, prediction: Prediction, created: Mapping[str, Any], applied: str, seconds: int
) -> web.Response:
    """The answer to `Prefer: wait`; file outputs are data URIs in it, as recorded.

    When time runs out it is still `starting`, whatever the truth: clients take any other status for the end.
    """
    headers = {"Preference-Applied": applied}
    if not await parts.clock.wait(prediction.ended, seconds) or not prediction.is_terminal:
        headers["Location"] = f"{prediction.order.origin}/v1/predictions/{prediction.id}"
        return web.json_response(created, status=202, headers=headers)
    output = await _inlined(parts, prediction, prediction.output)
    return web.json_response(waited_json(prediction, output), status=201, headers=headers)


async def _inlined(parts: Parts, prediction: Prediction, output: Any) -> Any:
    """The output with the mock's own URLs as data URIs."""
    if isinstance(output, str):
        return await parts.runner.inlined(prediction, output)
    if isinstance(output, list):
        return [await _inlined(parts, prediction, item) for item in output]
    if isinstance(output, dict):
        return {name: await _inlined(parts, prediction, item) for name, item in output.items()}
    return output


def _dropped(request: web.Request) -> web.Response:
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=499)  # goes nowhere; marks the call in the journal


def _moment(query: Mapping[str, str], name: str) -> float | None:
    if (text := query.get(name)) is None:
        return None
    try:
        return parse_timestamp(text)
    except ValueError:
        raise problems.invalid_field(name, "Does not match format 'date-time'") from None
