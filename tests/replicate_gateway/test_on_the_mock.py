"""The gateway on the mock Replicate: what both must agree on."""

import pytest

from mock_server.replicate.config import MockReplicateConfig
from mock_server.replicate.server import run_mock_replicate
from replicate_gateway.gateway import open_gateway
from replicate_gateway.prediction import PredictionStatus, output_urls
from replicate_gateway.presets import load_presets
from replicate_gateway.protocol import PredictionRequest
from tests.support import pictures

SMALL = pictures.jpeg(64, 48)


@pytest.fixture
async def gateway():
    async with (
        run_mock_replicate(MockReplicateConfig(delay_s=(0.01, 0.02))) as mock,
        open_gateway(api_token="r8_mock", base_url=mock.base_url) as gateway,
    ):
        yield gateway


async def test_an_uploaded_picture_is_worked_on_and_waited_for(gateway):
    preset = load_presets()["cutout"]
    link = await gateway.upload(SMALL, filename="me.jpg", content_type="image/jpeg")
    request = PredictionRequest(preset.model, preset.build_input(images=[link]), wait_s=preset.wait_s)
    answer = await gateway.create(request)
    assert [url.partition(",")[0] for url in output_urls(answer.output)] == ["data:image/png;base64"]
    ended = await gateway.get(answer.id)
    assert ended.status is PredictionStatus.SUCCEEDED
    assert [url.partition(":")[0] for url in output_urls(ended.output)] == ["http"]


async def test_an_upload_that_was_withdrawn_is_gone_and_may_be_withdrawn_again(gateway):
    link = await gateway.upload(SMALL, filename="me.jpg", content_type="image/jpeg")
    for _ in range(2):
        await gateway.withdraw(link)
    preset = load_presets()["cutout"]
    answer = await gateway.create(
        PredictionRequest(preset.model, preset.build_input(images=[link]), wait_s=preset.wait_s)
    )
    assert (await gateway.get(answer.id)).status is PredictionStatus.FAILED
