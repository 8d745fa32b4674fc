"""The 2.0 beta of the official client against the mock, unchanged.

It cannot be installed beside 1.0.7, so it has a lock and an environment of its own; tests/clients/run makes both.
The interpreter of that environment runs this file; PYTHON is the one that the mock runs in.
"""

import asyncio
import base64
import io
import json
import os
import subprocess
import sys
import threading
import urllib.request
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import ClassVar

import replicate
from replicate import AsyncReplicate, Replicate
from replicate.exceptions import ModelError

ROOT = Path(__file__).parents[3]
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c49444154789c63f8cfc000000301010018dd8db0"
    "0000000049454e44ae426082"
)
DATA_URI = f"data:image/png;base64,{base64.b64encode(PNG).decode()}"


class Hook(BaseHTTPRequestHandler):
    """Receives webhooks."""

    received: ClassVar[list[dict]] = []

    def do_POST(self):
        """Keeps the body."""
        self.received.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_arguments):
        """Says nothing."""


def control(origin, path, body, method="POST"):
    """Turns one of the mock's switches."""
    request = urllib.request.Request(origin + path, json.dumps(body).encode(), method=method)
    with urllib.request.urlopen(request, timeout=5) as answer:
        assert answer.status == 200


def refused(kind, call, *arguments, **options):
    """The call raises this error."""
    try:
        call(*arguments, **options)
    except kind:
        return
    raise AssertionError(f"{kind.__name__} was to be raised")


def runs(client, origin):
    """Runs, streams, uses."""
    output = client.run("acme/any", input={"prompt": "a cat"})
    assert output.read()[:2] == b"\xff\xd8"
    control(origin, "/_mock/scenario/next", {"scenario": {"hold": "processing"}})
    control(origin, "/_mock/time", {"speed": 200})
    threading.Timer(0.4, control, (origin, "/_mock/release", {})).start()
    assert client.run("acme/any", input={}, wait=1, use_file_output=False).startswith("http://127.0.0.1")
    control(origin, "/_mock/time", {"speed": 1})
    version = client.models.get(model_owner="sczhou", model_name="codeformer").latest_version.id
    reference = f"sczhou/codeformer:{version}"
    picture = client.run(reference, input={"image": io.BytesIO(PNG), "upscale": 3})
    assert int.from_bytes(picture.read()[16:20], "big") == 3
    assert "You asked: hello" in "".join(client.run("openai/o4-mini", input={"prompt": "hello"}))
    # `use` builds a client of its own, out of the environment.
    assert "".join(replicate.use("openai/o4-mini", streaming=True)(prompt="hello")).endswith("hello")
    assert Path(replicate.use(reference)(image=io.BytesIO(PNG))).read_bytes()[:4] == PNG[:4]
    refused(ModelError, client.run, "acme/any", input={"prompt": "[mock:nsfw]"})


def predictions(client, origin, hook):
    """Creates with a deadline and a webhook, gets, lists, cancels, waits."""
    created = client.predictions.create(
        version="acme/any", input={}, cancel_after="10m", webhook=hook, webhook_events_filter=["start", "completed"]
    )
    assert created.status == "starting"
    ended = client.predictions.wait(created.id)
    assert (ended.status, ended.id) == ("succeeded", created.id)
    held = client.models.predictions.create(
        model_owner="acme", model_name="any", input={"mock_scenario": "hold=starting"}
    )
    assert client.predictions.cancel(prediction_id=held.id).status == "canceled"
    assert [one.id for one in client.predictions.list()][:2] == [held.id, created.id]
    deadline = client.predictions.create(
        version="acme/any", input={"mock_scenario": "hold=starting"}, cancel_after="30s"
    )
    control(origin, "/_mock/time", {"advance_s": 31})
    assert client.predictions.get(prediction_id=deadline.id).status == "aborted"


def the_rest(client, origin):
    """Files, models, search, collections, deployments, account; a problem is an error of its own class."""
    file = client.files.create(content=PNG, filename="a.png", type="image/png")
    assert client.files.get(file_id=file.id).size == len(PNG)
    assert file.id in [one.id for one in client.files.list()]
    client.files.delete(file_id=file.id)
    assert len(list(client.models.list())) == 11
    assert [one.name for one in client.models.search(body="gfpgan").results or []] in ([], ["gfpgan"])
    assert client.search(query="nano banana").models[0].model.name.startswith("nano-banana")
    slug = next(iter(client.collections.list())).slug
    assert client.collections.get(collection_slug=slug).models
    assert [one.sku for one in client.hardware.list()]
    assert client.account.get().username == "mock"
    assert client.webhooks.default.secret.get().key.startswith("whsec_")
    version = client.models.get(model_owner="sczhou", model_name="codeformer").latest_version.id
    client.deployments.create(
        name="mine", model="sczhou/codeformer", version=version, hardware="cpu", min_instances=0, max_instances=1
    )
    deployed = client.deployments.predictions.create(
        deployment_owner="mock", deployment_name="mine", input={"image": DATA_URI}
    )
    assert client.predictions.wait(deployed.id).status == "succeeded"
    client.deployments.delete(deployment_owner="mock", deployment_name="mine")
    refused(replicate.UnprocessableEntityError, client.predictions.create, version="0" * 64, input={})
    throttled = {"create_status": 429, "retry_after_in": "header", "retry_after_s": 1}
    control(origin, "/_mock/scenario/next", {"scenario": throttled})
    assert client.predictions.create(version="acme/any", input={}).status == "starting"


async def asynchronous(origin):
    """The same runs from the asynchronous client."""
    async with AsyncReplicate(bearer_token="r8_test", base_url=f"{origin}/v1") as client:
        output = await client.run("acme/any", input={"prompt": "a cat"})
        assert (await output.read())[:2] == b"\xff\xd8"
        speak = replicate.use("openai/o4-mini", use_async=True, streaming=True)
        assert "".join([piece async for piece in await speak(prompt="hello")]).endswith("hello")
        created = await client.predictions.create(version="acme/any", input={})
        assert (await client.predictions.wait(created.id)).status == "succeeded"


def main():
    """Starts the mock and a receiver, lives the life, says so."""
    python = os.environ.get("PYTHON", str(ROOT / ".venv/bin/python"))
    command = [python, "-m", "mock_server", "--port", "0", "--delay", "0-0.05"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as mock:
        try:
            origin = next(word for line in mock.stdout for word in line.split() if word.startswith("http://"))
            hooks = HTTPServer(("127.0.0.1", 0), Hook)
            threading.Thread(target=hooks.serve_forever, daemon=True).start()
            os.environ |= {"REPLICATE_API_TOKEN": "r8_test", "REPLICATE_BASE_URL": f"{origin}/v1"}
            client = Replicate(bearer_token="r8_test", base_url=f"{origin}/v1")
            runs(client, origin)
            predictions(client, origin, f"http://127.0.0.1:{hooks.server_port}/hook")
            the_rest(client, origin)
            asyncio.run(asynchronous(origin))
            assert [one["status"] for one in Hook.received] == ["processing", "succeeded"]
        finally:
            mock.terminate()
    sys.stdout.write(f"replicate {replicate.__version__}: its whole life against the mock, unchanged\n")


if __name__ == "__main__":
    sys.exit(main())
