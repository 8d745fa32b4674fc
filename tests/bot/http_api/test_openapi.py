"""The OpenAPI document is valid and true: generated requests are answered as it says, and so is every named case."""

import asyncio
import re
import threading
import uuid

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from openapi_spec_validator import OpenAPIV31SpecValidator
from schemathesis.specs.openapi.checks import positive_data_acceptance

from bot.http_api.door import offered
from bot.http_api.openapi import document
from tests.support.api import KEY, api_app
from tests.support.fakes import PRESETS, World
from tests.support.web_servers import listening

DOCUMENT = document(offered(PRESETS))
SCHEMA = schemathesis.openapi.from_dict(DOCUMENT)


@pytest.fixture(scope="module")
def base_url():
    """The API over the fakes, in a thread of its own: the generator's client is not asynchronous."""
    started, stop = threading.Event(), threading.Event()
    found = []

    async def serve():
        async with listening(api_app(World().start())) as url:
            found.append(f"{url}/api/v1")
            started.set()
            await asyncio.to_thread(stop.wait)

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    assert started.wait(10)
    yield found[0]
    stop.set()
    thread.join(10)


def test_the_document_is_valid_openapi():
    OpenAPIV31SpecValidator(DOCUMENT).validate()


@SCHEMA.parametrize()
@settings(
    max_examples=10, deadline=None, phases=[Phase.explicit, Phase.generate], suppress_health_check=list(HealthCheck)
)
def test_whatever_is_asked_is_answered_as_documented(case, base_url):
    headers = {"Authorization": f"Bearer {KEY}"}
    if re.fullmatch("[!-~]{1,255}", case.headers.get("Idempotency-Key", "")):
        headers["Idempotency-Key"] = str(uuid.uuid4())  # one that was used before is another story
    case.call_and_validate(
        base_url=base_url,
        headers=headers,
        # What a preset takes, and which URLs may be fetched, is more than a schema can say.
        excluded_checks=[positive_data_acceptance],
    )
