import asyncio
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from replicate_gateway import errors
from replicate_gateway.gateway import open_gateway
from replicate_gateway.models import ModelReference
from replicate_gateway.prediction import PredictionStatus
from replicate_gateway.protocol import Account, InputField, PredictionRequest

VERSION = "a" * 64
CREATE = "POST /v1/predictions"
ID = "hdwst0bb05rgp0cf0p29mzk2am"
GET = f"GET /v1/predictions/{ID}"
CANCEL = f"POST /v1/predictions/{ID}/cancel"
HTML = {"Content-Type": "text/html"}

pinned = PredictionRequest(ModelReference.parse(VERSION), {"image": "https://example.com/a.jpg"})
community = replace(pinned, model=ModelReference.parse("sczhou/codeformer"))


def problem(reply, status, **fields):
    headers = fields.pop("headers", {})
    return reply(fields, status=status, headers={"Content-Type": "application/problem+json", **headers})


# Creation: which route, and what is sent


async def test_a_version_is_created_by_its_id_with_webhook_and_token(
    api, gateway, reply, prediction_document, api_token
):
    api.on(CREATE, reply(prediction_document, status=201))
    request = replace(pinned, webhook="https://bot.example/hook?job=1", webhook_events=("start", "completed"))
    prediction = await gateway.create(request)
    assert (prediction.id, prediction.status) == (ID, PredictionStatus.STARTING)
    (asked,) = api.asked
    assert asked.json == {
        "version": VERSION,
        "input": {"image": "https://example.com/a.jpg"},
        "webhook": "https://bot.example/hook?job=1",
        "webhook_events_filter": ["start", "completed"],
    }
    assert asked.headers["authorization"] == f"Bearer {api_token}"


@pytest.mark.parametrize(
    ("model", "path"),
    [
        (
            ModelReference.parse("black-forest-labs/flux", official=True),
            "/v1/models/black-forest-labs/flux/predictions",
        ),
        (ModelReference.parse("deployment:me/mine"), "/v1/deployments/me/mine/predictions"),
    ],
)
async def test_official_models_and_deployments_have_routes_of_their_own(
    *, api, gateway, reply, prediction_document, model, path
):
    api.on(f"POST {path}", reply(prediction_document, status=201))
    await gateway.create(replace(pinned, model=model))
    (asked,) = api.asked
    assert (asked.path, asked.json) == (path, {"input": {"image": "https://example.com/a.jpg"}})


async def test_a_pinned_version_of_a_named_model_needs_no_lookup(api, gateway, reply, prediction_document):
    api.on(CREATE, reply(prediction_document, status=201))
    await gateway.create(replace(pinned, model=ModelReference.parse(f"sczhou/codeformer:{VERSION}")))
    assert [one.json["version"] for one in api.asked] == [VERSION]


async def test_the_latest_version_is_looked_up_once_for_many_creations_at_a_time(
    api, gateway, reply, prediction_document
):
    api.on("GET /v1/models/sczhou/codeformer", reply({"latest_version": {"id": VERSION}}))
    api.on(CREATE, reply(prediction_document, status=201))
    await asyncio.gather(*(gateway.create(community) for _ in range(5)))
    assert api.count("GET /v1/models/sczhou/codeformer") == 1
    assert [one.json["version"] for one in api.asked if one.method == "POST"] == [VERSION] * 5


@pytest.mark.parametrize("latest", [None, {"id": "hidden"}])
async def test_a_model_without_a_usable_version_is_run_by_name(api, gateway, reply, prediction_document, latest):
    api.on("GET /v1/models/sczhou/codeformer", reply({"latest_version": latest}))
    api.on("POST /v1/models/sczhou/codeformer/predictions", reply(prediction_document, status=201))
    assert (await gateway.create(community)).id == ID


async def test_a_version_that_is_gone_is_looked_up_again_next_time(api, gateway, reply, prediction_document):
    fresh = "c" * 64
    api.on(
        "GET /v1/models/sczhou/codeformer",
        reply({"latest_version": {"id": VERSION}}),
        reply({"latest_version": {"id": fresh}}),
    )
    gone = problem(reply, 422, title="Invalid version or not permitted", detail="The specified version does not exist")
    api.on(CREATE, gone, reply(prediction_document, status=201))
    with pytest.raises(errors.ModelNotFoundError):
        await gateway.create(community)
    await gateway.create(community)
    assert api.asked[-1].json["version"] == fresh


async def test_cancel_after_goes_with_the_one_request_that_asked_for_it(api, gateway, reply, prediction_document):
    api.on(CREATE, reply(prediction_document, status=201))
    for seconds in (600, 1, None):
        await gateway.create(replace(pinned, cancel_after_s=seconds))
    assert [one.headers.get("cancel-after") for one in api.asked] == ["600s", "5s", None]


async def test_an_answer_that_is_held_back_is_asked_for_by_the_one_request_and_waited_for(
    api, make_gateway, reply, fast_limits, prediction_document
):
    api.on(CREATE, reply(prediction_document, status=201, delay_s=0.3))
    gateway = await make_gateway(replace(fast_limits, read_s=0.1, call_s=0.2))
    assert (await gateway.create(replace(pinned, wait_s=2))).id == ID
    assert [one.headers.get("prefer") for one in api.asked] == ["wait=2"]
    with pytest.raises(errors.OutcomeUnknownError):
        await gateway.create(pinned)
    assert api.asked[-1].headers.get("prefer") is None


async def test_a_base_url_that_ends_in_v1_is_understood(api, make_gateway, reply, prediction_document):
    api.on(GET, reply(prediction_document))
    gateway = await make_gateway(base_url=f"{api.url}/v1/")
    assert (await gateway.get(ID)).id == ID


# Creation: what answers mean

REFUSED_REQUESTS = [
    (400, {"detail": "bad webhook"}, errors.PredictionRejectedError),
    (401, {"title": "Unauthenticated", "detail": "You did not pass a valid token"}, errors.CredentialsRefusedError),
    (402, {"title": "Insufficient credit", "detail": "You have insufficient credit"}, errors.CreditExhaustedError),
    (403, {"detail": "no"}, errors.CredentialsRefusedError),
    (404, {"detail": "Not found."}, errors.ModelNotFoundError),
    (409, {"detail": "conflict"}, errors.GatewayProtocolError),
    (413, {"detail": "Files must be less than 100MB in size"}, errors.PayloadTooLargeError),
    (429, {"detail": "Request was throttled. Your rate limit resets in ~30s."}, errors.GatewayBusyError),
    (500, {"detail": "oops"}, errors.OutcomeUnknownError),
    (408, {"detail": "slow"}, errors.OutcomeUnknownError),
]


@pytest.mark.parametrize(("status", "fields", "expected"), REFUSED_REQUESTS)
async def test_each_refusal_of_a_creation_has_its_error_and_is_never_repeated(
    *, api, gateway, reply, status, fields, expected
):
    api.on(CREATE, problem(reply, status, **fields))
    with pytest.raises(expected) as caught:
        await gateway.create(pinned)
    assert type(caught.value) is expected
    assert caught.value.status == status
    assert fields["detail"] in caught.value.detail
    assert api.count(CREATE) == 1


@pytest.mark.parametrize(
    ("fields", "headers", "expected_s"),
    [
        ({"detail": "throttled"}, {"Retry-After": "17"}, 17),
        ({"detail": "Your rate limit resets in ~7s.", "retry_after": 7}, {}, 7),
        ({"detail": "Expected available in 1 second."}, {}, 1),
        ({"detail": "throttled"}, {"Retry-After": "3600"}, 300),
        ({"detail": "throttled"}, {}, 5),
    ],
)
async def test_a_busy_gateway_says_how_long_to_wait(*, api, gateway, reply, fields, headers, expected_s):
    api.on(CREATE, problem(reply, 429, headers=headers, **fields))
    with pytest.raises(errors.GatewayBusyError) as caught:
        await gateway.create(pinned)
    assert caught.value.retry_after_s == expected_s


async def test_refused_input_names_the_fields(api, gateway, reply):
    listed = [{"type": "required", "field": "input", "description": "prompt is required"}]
    api.on(CREATE, problem(reply, 422, title="Input validation failed", detail="- input", invalid_fields=listed))
    with pytest.raises(errors.PredictionRejectedError) as caught:
        await gateway.create(pinned)
    assert caught.value.invalid_fields == ("prompt",)


@pytest.mark.parametrize("body", [b"[]", b'"text"', b"null", b"", b"<html>", b"\xff\xfe", b"[" * 100_000])
@pytest.mark.parametrize("status", [422, 503])
async def test_a_refusal_without_a_problem_document_is_still_understood(api, gateway, reply, body, status):
    api.on(CREATE, reply(body, status=status, headers=HTML))
    expected = errors.PredictionRejectedError if status == 422 else errors.OutcomeUnknownError
    with pytest.raises(expected):
        await gateway.create(pinned)
    assert api.count(CREATE) == 1


@pytest.mark.parametrize("body", [b"<html>", b"", b"null", b"[]", b'{"id": null}', b'{"id": "x"}', b"[" * 100_000])
async def test_a_success_that_cannot_be_read_leaves_the_outcome_unknown(api, gateway, reply, body):
    api.on(CREATE, reply(body, status=201))
    with pytest.raises(errors.OutcomeUnknownError):
        await gateway.create(pinned)
    assert api.count(CREATE) == 1


@pytest.mark.parametrize("fault", [{"hang": True}, {"drop": True}])
async def test_no_answer_leaves_the_outcome_unknown_and_is_never_repeated(api, make_gateway, reply, fast_limits, fault):
    api.on(CREATE, reply(**fault))
    gateway = await make_gateway(replace(fast_limits, read_s=0.1))
    with pytest.raises(errors.OutcomeUnknownError):
        await gateway.create(pinned)
    assert api.count(CREATE) == 1


async def test_a_kept_connection_that_is_cut_does_not_make_a_second_creation(api, gateway, reply, prediction_document):
    api.on(CREATE, reply(prediction_document, status=201), reply(drop=True))
    await gateway.create(pinned)
    with pytest.raises(errors.OutcomeUnknownError):
        await gateway.create(pinned)
    assert api.count(CREATE) == 2


async def test_a_closed_gateway_sends_nothing(api, reply, prediction_document, api_token):
    api.on(CREATE, reply(prediction_document, status=201))
    async with open_gateway(api_token=api_token, base_url=api.url) as closed:
        pass
    with pytest.raises(errors.GatewayUnreachableError):
        await closed.create(pinned)
    assert api.asked == []


async def test_the_whole_call_has_a_deadline_even_if_no_phase_is_late(api, make_gateway, reply, fast_limits):
    api.on(CREATE, reply(hang=True))
    gateway = await make_gateway(replace(fast_limits, read_s=30, call_s=0.1))
    with pytest.raises(errors.OutcomeUnknownError):
        await asyncio.wait_for(gateway.create(pinned), 20)


async def test_a_refused_connection_is_known_not_to_have_created(make_gateway, unused_tcp_port):
    gateway = await make_gateway(base_url=f"http://127.0.0.1:{unused_tcp_port}")
    with pytest.raises(errors.GatewayUnreachableError):
        await gateway.create(pinned)


async def test_waiting_in_vain_for_a_free_connection_is_known_not_to_have_created(
    api, make_gateway, reply, fast_limits, prediction_document
):
    api.on(GET, reply(hang=True))
    gateway = await make_gateway(replace(fast_limits, max_connections=1, pool_s=0.05, connect_s=0.1, read_s=5))
    occupying = asyncio.create_task(gateway.get(ID))
    await api.first_request.wait()
    with pytest.raises(errors.GatewayUnreachableError):
        await gateway.create(pinned)
    occupying.cancel()
    with pytest.raises(asyncio.CancelledError):
        await occupying
    assert api.count(CREATE) == 0


async def test_a_failed_lookup_of_the_version_does_not_leave_the_outcome_unknown(api, gateway, reply):
    api.on("GET /v1/models/sczhou/codeformer", reply(b"<html>", status=503, headers=HTML))
    with pytest.raises(errors.GatewayUnavailableError):
        await gateway.create(community)
    assert api.count(CREATE) == 0


async def test_looking_the_version_up_takes_of_the_create_calls_own_time(api, make_gateway, reply, fast_limits):
    """Whoever waits for the end of somebody else's call counts on the whole of it."""
    found = {"latest_version": {"id": "c" * 64}}
    api.on("GET /v1/models/sczhou/codeformer", reply(found, delay_s=0.2))
    api.on(CREATE, reply(hang=True))
    gateway = await make_gateway(replace(fast_limits, read_s=30, call_s=0.4))
    begun = asyncio.get_running_loop().time()
    with pytest.raises(errors.OutcomeUnknownError):
        await gateway.create(community)
    assert asyncio.get_running_loop().time() - begun < 0.55


async def test_a_lookup_that_takes_too_long_leaves_no_outcome_unknown(api, make_gateway, reply, fast_limits):
    api.on("GET /v1/models/sczhou/codeformer", reply(hang=True))
    gateway = await make_gateway(replace(fast_limits, read_s=30, look_up_s=0.05))
    with pytest.raises(errors.GatewayUnavailableError):
        await gateway.create(community)
    assert api.count(CREATE) == 0


@pytest.mark.parametrize("value", ["\ud800", float("nan")])
async def test_input_that_cannot_be_written_as_json_is_the_inputs_fault(api, gateway, value):
    with pytest.raises(errors.PredictionRejectedError):
        await gateway.create(replace(pinned, input={"prompt": value}))
    assert api.asked == []


async def test_an_answer_larger_than_allowed_leaves_the_outcome_unknown(api, make_gateway, reply, fast_limits):
    api.on(CREATE, reply(b'"' + b"x" * 5_000 + b'"', status=201))
    gateway = await make_gateway(replace(fast_limits, max_answer_bytes=1_000))
    with pytest.raises(errors.OutcomeUnknownError):
        await gateway.create(pinned)


# Reads


@pytest.mark.parametrize(
    "strange",
    [
        {"status": "aborted"},
        {"version": None, "model": None},
        {"error": {"message": "x"}},
        {"urls": {"get": None}},
        {"logs": ["a"], "metrics": None, "input": None},
    ],
)
async def test_documents_that_the_client_refuses_are_read(api, gateway, reply, prediction_document, strange):
    api.on(GET, reply({**prediction_document, **strange}))
    prediction = await gateway.get(ID)
    assert prediction.id == ID
    assert prediction.raw_status == strange.get("status", "starting")


async def test_an_aborted_prediction_is_terminal(api, gateway, reply, prediction_document):
    api.on(GET, reply({**prediction_document, "status": "aborted", "data_removed": True}))
    prediction = await gateway.get(ID)
    assert prediction.status.terminal
    assert prediction.data_removed


@pytest.mark.parametrize(
    "fault", [{"status": 503, "headers": HTML}, {"status": 500}, {"body": b"<html>"}, {"drop": True}]
)
@pytest.mark.parametrize("call", ["get", "cancel"])
async def test_what_is_safe_to_repeat_is_repeated_until_it_works(
    *, api, gateway, reply, prediction_document, fault, call
):
    route = GET if call == "get" else CANCEL
    api.on(route, reply(**fault), reply(**fault), reply(prediction_document))
    assert (await getattr(gateway, call)(ID)).id == ID
    assert api.count(route) == 3


async def test_repetition_ends_after_the_agreed_number(api, gateway, reply, fast_limits):
    api.on(GET, reply(b"<html>", status=503, headers=HTML))
    with pytest.raises(errors.GatewayUnavailableError) as caught:
        await gateway.get(ID)
    assert caught.value.status == 503
    assert api.count(GET) == fast_limits.attempts


async def test_a_wait_longer_than_the_call_may_take_is_handed_to_the_caller_at_once(api, gateway, reply):
    api.on(GET, problem(reply, 429, headers={"Retry-After": "3600"}, detail="throttled"))
    with pytest.raises(errors.GatewayBusyError) as caught:
        await gateway.get(ID)
    assert caught.value.retry_after_s == 300
    assert api.count(GET) == 1


@pytest.mark.parametrize("header", ["²", "-1", "soon", "9" * 5_000])
async def test_a_senseless_retry_after_header_does_no_harm(api, gateway, reply, header):
    api.on(GET, problem(reply, 429, headers={"Retry-After": header}, detail="resets in 600s"))
    with pytest.raises(errors.GatewayBusyError):
        await gateway.get(ID)


@pytest.mark.parametrize("call", ["get", "cancel"])
async def test_an_unknown_prediction_is_not_found_and_not_asked_for_twice(api, gateway, call):
    with pytest.raises(errors.PredictionNotFoundError):
        await getattr(gateway, call)(ID)
    assert len(api.asked) == 1


@pytest.mark.parametrize("text", ["", "../models", "a/b", "x?y", "ü", "a" * 65])
async def test_what_cannot_be_an_id_is_not_sent(api, gateway, text):
    with pytest.raises(errors.PredictionNotFoundError):
        await gateway.get(text)
    assert api.asked == []


async def test_a_read_that_hangs_ends_in_time(api, make_gateway, reply, fast_limits):
    api.on(GET, reply(hang=True))
    gateway = await make_gateway(replace(fast_limits, read_s=30, call_s=0.1))
    with pytest.raises(errors.GatewayUnavailableError):
        await asyncio.wait_for(gateway.get(ID), 20)


async def test_a_json_answer_without_an_id_breaks_the_protocol(api, gateway, reply):
    api.on(GET, reply({"status": "starting"}))
    with pytest.raises(errors.GatewayProtocolError):
        await gateway.get(ID)


@pytest.mark.parametrize("status", [301, 302, 307, 308])
@pytest.mark.parametrize("call", ["get", "create"])
async def test_redirects_are_not_followed(*, api, foreign_api, gateway, reply, status, call):
    for route in (GET, CREATE):
        api.on(route, reply(status=status, headers={"Location": f"{foreign_api.url}/v1/predictions"}))
    with pytest.raises(errors.GatewayProtocolError):
        await (gateway.get(ID) if call == "get" else gateway.create(pinned))
    assert foreign_api.asked == []


# Orphans


def page(prediction_document, *names_and_hours, following=None):
    results = [
        {**prediction_document, "id": name, "created_at": f"2026-11-20T{hour:02}:00:00Z"}
        for name, hour in names_and_hours
    ]
    return {"previous": None, "next": following, "results": results}


SINCE, UNTIL = datetime(2026, 11, 20, 10, 0, tzinfo=UTC), datetime(2026, 11, 20, 20, 0, tzinfo=UTC)
WINDOW = {"created_after": SINCE, "created_before": UNTIL}


async def test_recent_predictions_come_newest_first_from_several_pages_until_they_are_too_old(
    api, gateway, reply, prediction_document
):
    following = f"{api.url}/v1/predictions?cursor=cD0y"
    api.on(
        "GET /v1/predictions",
        reply(page(prediction_document, ("a", 15), ("b", 14), following=following)),
        reply(page(prediction_document, ("c", 13), ("d", 9), following=f"{following}2")),
    )
    found = await gateway.recent(**WINDOW, limit=10)
    assert ([one.id for one in found.predictions], found.complete) == (["a", "b", "c"], True)
    window = {"created_after": "2026-11-20T10:00:00Z", "created_before": "2026-11-20T20:00:00Z"}
    assert [one.query for one in api.asked] == [window, {"cursor": "cD0y"}]


async def test_recent_stops_at_its_limit_and_on_a_server_that_goes_in_circles(api, gateway, reply, prediction_document):
    api.on(
        "GET /v1/predictions", reply(page(prediction_document, ("b", 14), ("a", 15), following="/v1/predictions?c=1"))
    )
    cut = await gateway.recent(**WINDOW, limit=1)
    assert ([one.id for one in cut.predictions], cut.complete) == (["a"], False)
    assert len(api.asked) == 1
    circle = await gateway.recent(**WINDOW, limit=10)
    assert ([one.id for one in circle.predictions], circle.complete) == (["a", "b"], False)
    assert len(api.asked) == 3


async def test_recent_leaves_out_what_is_too_young_on_a_server_that_does_not(api, gateway, reply, prediction_document):
    api.on("GET /v1/predictions", reply(page(prediction_document, ("c", 21), ("b", 20), ("a", 15))))
    found = await gateway.recent(**WINDOW, limit=1)
    assert ([one.id for one in found.predictions], found.complete) == (["a"], True)


async def test_the_next_page_of_a_foreign_host_is_asked_for_at_our_own(
    api, foreign_api, gateway, reply, prediction_document
):
    following = f"{foreign_api.url}/v1/predictions?cursor=x"
    api.on("GET /v1/predictions", reply(page(prediction_document, ("a", 15), following=following)), reply(page({})))
    assert [one.id for one in (await gateway.recent(**WINDOW, limit=5)).predictions] == ["a"]
    assert foreign_api.asked == []
    assert api.asked[-1].query == {"cursor": "x"}


async def test_an_unreadable_entry_does_not_hide_the_others(api, gateway, reply, prediction_document):
    document = page(prediction_document, ("a", 15))
    webhook = "https://bot.example/hook?job=7"
    results = [{"id": None}, 7, {**document["results"][0], "status": "aborted", "webhook": webhook}]
    api.on("GET /v1/predictions", reply({**document, "results": results}))
    (found,) = (await gateway.recent(**WINDOW, limit=5)).predictions
    assert (found.id, found.webhook) == ("a", webhook)


# The rest


async def test_an_upload_gives_the_url_to_use_even_if_the_answer_lacks_what_the_client_wants(api, gateway, reply):
    url = "https://api.replicate.com/v1/files/f1"
    api.on("POST /v1/files", reply(status=503), reply({"id": "f1", "urls": {"get": url}}, status=201))
    given = await gateway.upload(b"\xff\xd8 bytes", filename="in.jpg", content_type="image/jpeg")
    assert given == url
    assert len(api.asked) == 2
    for asked in api.asked:
        assert b"\xff\xd8 bytes" in asked.body
        assert b'filename="in.jpg"' in asked.body
        assert b"image/jpeg" in asked.body


async def test_a_file_too_large_is_the_users_to_change(api, gateway, reply):
    api.on("POST /v1/files", reply({"detail": "Files must be less than 100MB in size"}, status=413))
    with pytest.raises(errors.PayloadTooLargeError):
        await gateway.upload(b"x", filename="in.jpg", content_type="image/jpeg")
    assert len(api.asked) == 1


@pytest.mark.parametrize("status", [204, 404])
async def test_an_upload_is_withdrawn_and_may_be_gone_already(api, gateway, reply, status):
    api.on("DELETE /v1/files/f1", reply(status=503), reply({} if status == 404 else None, status=status))
    await gateway.withdraw("https://api.replicate.com/v1/files/f1")
    assert [asked.method for asked in api.asked] == ["DELETE", "DELETE"]


async def test_an_upload_that_may_not_be_withdrawn_is_an_error(api, gateway, reply):
    api.on("DELETE /v1/files/f1", reply({"detail": "no"}, status=403))
    with pytest.raises(errors.CredentialsRefusedError):
        await gateway.withdraw("https://api.replicate.com/v1/files/f1")


async def test_secret_and_account_are_read(api, gateway, reply):
    api.on("GET /v1/webhooks/default/secret", reply({"key": "whsec_abc"}))
    api.on("GET /v1/account", reply({"type": "organization", "username": "acme"}))
    assert await gateway.webhook_secret() == "whsec_abc"
    assert await gateway.account() == Account("acme", "organization")


SCHEMA = {
    "openapi_schema": {
        "components": {
            "schemas": {
                "Input": {
                    "required": ["image"],
                    "properties": {
                        "image": {"type": "string", "format": "uri"},
                        "scale": {"type": "number"},
                        "category": {"allOf": [{"$ref": "#/components/schemas/category"}]},
                        "odd": None,
                    },
                }
            }
        }
    }
}
FIELDS = {
    "image": InputField("image", "string", required=True),
    "scale": InputField("scale", "number"),
    "category": InputField("category", "enum"),
    "odd": InputField("odd", "any"),
}


async def test_the_inputs_of_a_model_a_version_and_a_deployment_are_read(api, gateway, reply):
    api.on("GET /v1/models/o/n", reply({"latest_version": {"id": VERSION, **SCHEMA}}))
    api.on(f"GET /v1/models/o/n/versions/{VERSION}", reply({"id": VERSION, **SCHEMA}))
    api.on("GET /v1/deployments/me/mine", reply({"current_release": {"model": "o/n", "version": VERSION}}))
    for reference in ("o/n", f"o/n:{VERSION}", "deployment:me/mine"):
        assert await gateway.input_schema(ModelReference.parse(reference)) == FIELDS
    assert await gateway.input_schema(ModelReference.parse(VERSION)) == {}


async def test_the_inputs_of_an_unknown_model_are_not_found(gateway):
    with pytest.raises(errors.ModelNotFoundError):
        await gateway.input_schema(ModelReference.parse("o/n"))


async def test_no_error_shows_the_token_even_if_the_api_quotes_it(api, gateway, reply, api_token):
    api.on(GET, problem(reply, 401, title="Unauthenticated", detail=f"the token {api_token} is wrong"))
    with pytest.raises(errors.CredentialsRefusedError) as caught:
        await gateway.get(ID)
    error: BaseException | None = caught.value
    while error:
        assert api_token not in f"{error} {error!r} {error.args} {vars(error)}"
        error = error.__cause__


@pytest.mark.parametrize("token", ["", "r8_a b", "r8_a\n", "r8_ü"])
async def test_a_token_that_cannot_be_sent_is_refused_without_showing_it(token):
    with pytest.raises(errors.CredentialsRefusedError) as caught:
        async with open_gateway(api_token=token):
            pass
    assert not token or token not in str(caught.value)


@pytest.mark.parametrize("base_url", ["ftp://host", "nonsense", "http://", "http://h:x"])
async def test_a_base_url_that_is_none_is_refused(base_url):
    with pytest.raises(errors.GatewayProtocolError):
        async with open_gateway(api_token="r8_x", base_url=base_url):
            pass


async def test_hundreds_of_calls_share_a_few_connections(api, make_gateway, reply, fast_limits, prediction_document):
    api.on(GET, reply(prediction_document))
    gateway = await make_gateway(replace(fast_limits, max_connections=4, pool_s=30, read_s=30, call_s=30))
    found = await asyncio.gather(*(gateway.get(ID) for _ in range(200)))
    assert {one.id for one in found} == {ID}
    assert len({one.peer for one in api.asked}) <= 4
