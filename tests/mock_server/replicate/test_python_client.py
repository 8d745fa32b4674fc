"""The official client 1.0.7, asynchronous, against the mock."""

import io

import httpx
import pytest
import replicate
from replicate.exceptions import ModelError, ReplicateError

from mock_server.replicate.scenario import Scenario


@pytest.fixture
async def client(mock):
    transport = httpx.AsyncHTTPTransport()
    client = replicate.Client(api_token="r8_test", base_url=mock.base_url, transport=transport)
    client.poll_interval = 0.005
    yield client
    await transport.aclose()


async def test_creates_by_version_model_and_deployment_and_waits(client, mock, picture_url):
    model = await client.models.async_get("sczhou/codeformer")
    for reference in (
        {"version": model.latest_version.id},
        {"version": f"sczhou/codeformer:{model.latest_version.id}"},
        {"model": "acme/any"},
        {"deployment": "acme/codeformer"},
    ):
        prediction = await client.predictions.async_create(input={"image": picture_url}, **reference)
        assert prediction.status == "starting"
        await prediction.async_wait()
        assert prediction.status == "succeeded"
        assert prediction.output.startswith(mock.base_url)
        assert prediction.progress.percentage == 1.0


async def test_gets_lists_and_pages(client, mock):
    mock.control.scenario = Scenario(hold="starting")
    created = [await client.predictions.async_create(version="acme/any", input={"n": n}) for n in range(101)]
    assert (await client.predictions.async_get(created[0].id)).id == created[0].id
    first = await client.predictions.async_list()
    second = await client.predictions.async_list(first.next)
    assert [row.id for row in first] + [row.id for row in second] == [row.id for row in reversed(created)]
    assert first[0].input == {"n": 100}


async def test_cancels(client, mock):
    mock.control.scenario = Scenario(hold="starting")
    prediction = await client.predictions.async_create(version="acme/any", input={})
    await prediction.async_cancel()
    assert prediction.status == "canceled"


async def test_uploads_a_file_uses_it_and_deletes_it(client, mock, picture):
    file = await client.files.async_create(
        io.BytesIO(picture), filename="me.jpg", content_type="image/jpeg", metadata={"job": "1"}
    )
    assert (file.name, file.content_type, file.size, file.metadata) == (
        "me.jpg",
        "image/jpeg",
        len(picture),
        {"job": "1"},
    )
    assert [listed.id for listed in await client.files.async_list()] == [file.id]
    prediction = await client.predictions.async_create(version="acme/any", input={"image": file.urls["get"]})
    await prediction.async_wait()
    assert prediction.status == "succeeded"
    assert (await client.files.async_get(file.id)).checksums == file.checksums
    assert await client.files.async_delete(file.id)
    with pytest.raises(ReplicateError) as error:
        await client.files.async_get(file.id)
    assert error.value.status == 404


async def test_a_file_handle_as_input_is_uploaded_and_found(client, picture):
    prediction = await client.predictions.async_create(version="acme/any", input={"image": io.BytesIO(picture)})
    await prediction.async_wait()
    assert (prediction.status, prediction.error) == ("succeeded", None)


async def test_runs_a_model_with_wait(client, picture_url):
    output = await client.async_run("acme/any", input={"image": picture_url}, use_file_output=False)
    assert output.startswith("data:image/jpeg;base64,")


async def test_runs_a_text_model(client):
    output = await client.async_run("openai/o4-mini", input={"prompt": "hello"}, use_file_output=False)
    assert "You asked: hello" in "".join(output)


async def test_a_failed_run_raises_the_model_s_error(client):
    with pytest.raises(ModelError, match="NSFW"):
        await client.async_run("acme/any", input={"prompt": "[mock:fail=nsfw]"})


async def test_reads_account_webhook_secret_models_and_versions(client, mock):
    assert (await client.accounts.async_current()).username == "mock"
    assert (await client.webhooks.default.async_secret()).key == mock.webhook_secret
    model = await client.models.async_get("google/nano-banana")
    versions = await model.versions.async_list()
    assert [version.id for version in versions] == [model.latest_version.id]
    version = await model.versions.async_get(model.latest_version.id)
    assert version.openapi_schema["components"]["schemas"]["Input"]["required"] == ["prompt"]


async def test_problems_arrive_as_replicate_errors(client, mock):
    mock.control.next_scenario(Scenario(create_status=402))
    with pytest.raises(ReplicateError) as error:
        await client.predictions.async_create(version="acme/any", input={})
    assert (error.value.status, error.value.title) == (402, "Insufficient credit")
