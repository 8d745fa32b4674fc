"""The official client 1.0.7 against the mock, unchanged: the whole life of predictions, async and sync."""

import asyncio
import datetime as dt
import io
import ipaddress
import ssl

import httpx
import pytest
import replicate
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from replicate.exceptions import ModelError, ReplicateError
from replicate.helpers import FileOutput

from mock_server.replicate.scenario import Scenario
from tests.support.waiting import eventually


@pytest.fixture
async def open_client():
    """A client whose sockets are closed with the test."""
    transports = []

    def opened(mock, **options):
        transport = httpx.AsyncHTTPTransport(**options)
        transports.append(transport)
        client = replicate.Client(api_token="r8_test", base_url=mock.base_url, transport=transport)
        client.poll_interval = 0.005
        return client

    yield opened
    for transport in transports:
        await transport.aclose()


@pytest.fixture
def client(mock, open_client):
    return open_client(mock)


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


async def test_runs_a_model_with_wait_and_reads_the_file_it_made(client, picture_url):
    output = await client.async_run("acme/any", input={"image": picture_url})
    assert isinstance(output, FileOutput)
    assert (await output.aread()).startswith(b"\xff\xd8")


async def test_a_run_that_outlasts_its_wait_is_polled_to_its_end(client, mock):
    mock.control.scenario = Scenario(hold="processing")
    run = asyncio.create_task(client.async_run("acme/any", input={}, wait=1, use_file_output=False))
    await eventually(lambda: [one for one in mock.control.predictions() if one.status == "processing"])
    mock.control.advance(1)
    mock.control.release()
    assert (await run).startswith(mock.base_url)


@pytest.mark.parametrize("shape", ["list", "object"])
async def test_every_shape_of_output_becomes_files(client, shape):
    output = await client.async_run("acme/any", input={"mock_scenario": {"output_as": shape}})
    files = output if shape == "list" else output.values()
    assert all(isinstance(file, FileOutput) for file in files)


async def test_runs_a_text_model(client):
    output = await client.async_run("openai/o4-mini", input={"prompt": "hello"}, use_file_output=False)
    assert "You asked: hello" in "".join(output)


async def test_streams_a_text_model(client):
    events = [event async for event in await client.async_stream("openai/o4-mini", input={"prompt": "hello"})]
    assert "You asked: hello" in "".join(map(str, events))
    assert [event.event.value for event in events[-2:]] == ["output", "done"]
    assert all(event.id for event in events)


async def test_a_failed_stream_raises_the_error_of_the_model(client):
    with pytest.raises(RuntimeError, match="NSFW"):
        async for _ in await client.async_stream("openai/o4-mini", input={"prompt": "[mock:nsfw]"}):
            pass


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


async def test_lists_and_searches_models_collections_hardware_and_deployments(start_mock, open_client):
    client = open_client(await start_mock(page_size=5))
    pages = [page async for page in replicate.pagination.async_paginate(client.models.async_list)]
    assert [len(page) for page in pages] == [5, 5, 1]
    assert [model.id for model in await client.models.async_search("gfpgan")] == ["tencentarc/gfpgan"]
    collections = await client.collections.async_list()
    collection = await client.collections.async_get(collections[0].slug)
    assert len(collection.models) > 0
    assert "cpu" in [one.sku for one in await client.hardware.async_list()]
    model = pages[0][0]
    deployment = await client.deployments.async_create(
        name="mine", model=model.id, version=model.latest_version.id, hardware="cpu", min_instances=0, max_instances=1
    )
    changed = await client.deployments.async_update("mock", "mine", min_instances=1)
    assert (deployment.current_release.number, changed.current_release.number) == (1, 2)
    assert [one.id for one in await client.deployments.async_list()] == ["mock/mine"]
    assert await client.deployments.async_delete("mock", "mine")
    assert list(await client.trainings.async_list()) == []
    with pytest.raises(ReplicateError) as error:
        await client.trainings.async_get("x")
    assert error.value.status == 404


async def test_problems_arrive_as_replicate_errors(client, mock):
    mock.control.next_scenario(Scenario(create_status=402))
    with pytest.raises(ReplicateError) as error:
        await client.predictions.async_create(version="acme/any", input={})
    assert (error.value.status, error.value.title) == (402, "Insufficient credit")


async def test_a_rejected_input_tells_its_fields(client):
    with pytest.raises(ReplicateError) as error:
        await client.models.predictions.async_create("google/nano-banana", input={"output_format": "gif"})
    assert (error.value.status, error.value.title) == (422, "Input validation failed")
    assert "prompt is required" in error.value.detail


def life_of_a_sync_client(base_url, picture):
    """What a script does, one call after the other."""
    with httpx.HTTPTransport() as transport:
        client = replicate.Client(api_token="r8_test", base_url=base_url, transport=transport)
        client.poll_interval = 0.005
        seen = {"output": client.run("acme/any", input={"image": io.BytesIO(picture)}).read()[:2]}
        seen["text"] = "".join(map(str, client.stream("openai/o4-mini", input={"prompt": "hello"}))).split()[-1]
        version = client.models.get("sczhou/codeformer").versions.list()[0]
        prediction = client.predictions.create(version, input={"image": io.BytesIO(picture)})
        prediction.wait()
        seen["status"], seen["progress"] = prediction.status, prediction.progress.percentage
        held = client.predictions.create("acme/any", input={"prompt": "[mock:hold=starting]"})
        held.cancel()
        seen["canceled"] = client.predictions.get(held.id).status
        seen["listed"] = [row.id for row in client.predictions.list()][:2] == [held.id, prediction.id]
        seen["pages"] = [model.id for page in replicate.pagination.paginate(client.models.list) for model in page][:1]
        file = client.files.create(io.BytesIO(picture), filename="a.jpg")
        seen["deleted"] = client.files.delete(file.id)
    return seen


async def test_the_synchronous_client_lives_the_same_life(mock, picture):
    assert await asyncio.to_thread(life_of_a_sync_client, mock.base_url, picture) == {
        "output": b"\xff\xd8",
        "text": "hello",
        "status": "succeeded",
        "progress": 1.0,
        "canceled": "canceled",
        "listed": True,
        "pages": ["google/nano-banana-pro"],
        "deleted": True,
    }


@pytest.fixture
def certificate(tmp_path):
    """A certificate for 127.0.0.1 that signs itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "mock")])
    now = dt.datetime.now(dt.UTC)
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now, now + dt.timedelta(1))
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path / "mock.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return path


async def test_over_https_outputs_are_files_that_can_be_read(start_mock, open_client, certificate):
    serving = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    serving.load_cert_chain(certificate)
    mock = await start_mock(tls=serving)
    assert mock.base_url.startswith("https://127.0.0.1:")
    client = open_client(mock, verify=ssl.create_default_context(cafile=certificate))
    output = await client.async_run("acme/any", input={}, wait=False)
    assert isinstance(output, FileOutput)
    assert output.url.startswith(f"{mock.base_url}/output/")
    assert (await output.aread()).startswith(b"\xff\xd8")
