import asyncio
import base64
import io

import pytest
from PIL import Image

from mock_server.replicate.inputs import picture_uris, prompt_of
from mock_server.replicate.models.catalogue import IDM_VTON, NANO_BANANA
from mock_server.replicate.models.spec import Family, ModelSpec
from mock_server.replicate.wire_format import version_id

GENERIC = ModelSpec(owner="acme", name="any", family=Family.GENERIC, known=False)


def test_a_known_model_s_pictures_follow_its_schema():
    model_input = {"garm_img": "https://x/g", "human_img": "https://x/h", "note": "https://x/not-a-picture"}
    assert picture_uris(IDM_VTON, model_input) == ["https://x/h", "https://x/g"]
    assert picture_uris(NANO_BANANA, {"image_input": ["https://x/1", "data:,2", 3]}) == ["https://x/1", "data:,2"]


def test_an_unknown_model_s_pictures_are_whatever_looks_like_one():
    model_input = {"prompt": "a cat", "anything": "https://x/1", "more": ["http://x/2"], "n": 4, "bad": "http://[x"}
    assert picture_uris(GENERIC, model_input) == ["https://x/1", "http://x/2"]


def test_the_prompt_is_the_first_text_a_model_is_told():
    assert prompt_of({"garment_des": "red", "prompt": ""}) == "red"
    assert prompt_of({"prompt": 4}) == ""


async def test_a_url_and_a_data_uri_give_the_same_picture(api, picture, picture_url):
    uri = "data:image/jpeg;base64," + base64.b64encode(picture).decode()
    outputs = []
    for source in (picture_url, uri):
        ended = await api.finish({"image": source, "seed": 7})
        outputs.append((await api.bytes_at(ended["output"]))[2])
    assert outputs[0] == outputs[1]


async def test_an_input_url_without_an_answer_fails_the_prediction_without_its_query(api, unused_tcp_port):
    ended = await api.finish({"image": f"http://127.0.0.1:{unused_tcp_port}/in.jpg?X-Amz-Signature=secret"})
    assert ended["status"] == "failed"
    assert ended["error"].startswith("Failed to establish a connection")
    assert "secret" not in ended["error"]


async def test_an_input_url_that_is_refused_fails_the_prediction(api, receiver):
    receiver.served["/served/no.jpg"] = (b"", "image/jpeg", 403)
    ended = await api.finish({"image": f"{receiver.origin}/served/no.jpg?sig=secret"})
    assert ended["error"] == f"HTTP Error 403: Forbidden for url: {receiver.origin}/served/no.jpg"


async def test_an_input_that_hangs_fails_the_prediction(start_mock, api_of):
    mock = await start_mock(input_timeout_s=0.2)
    writers = []
    server = await asyncio.start_server(lambda _reader, writer: writers.append(writer), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    ended = await api_of(mock).finish({"image": f"http://127.0.0.1:{port}/x"})
    for writer in writers:
        writer.close()
        await writer.wait_closed()
    server.close()
    await server.wait_closed()
    assert ended["error"].startswith("Read timed out")


async def test_an_input_above_the_limit_fails_the_prediction(start_mock, api_of, receiver):
    api = api_of(await start_mock(max_input_bytes=1000))
    receiver.served["/served/big"] = (b"x" * 5000, "image/jpeg", 200)
    uri = "data:image/jpeg;base64," + base64.b64encode(b"x" * 5000).decode()
    for source in (f"{receiver.origin}/served/big", uri):
        assert (await api.finish({"image": source}))["error"] == "Input file is larger than 1000 bytes"


@pytest.mark.parametrize(
    "uri", ["data:image/jpeg;base64,bm8gcGljdHVyZQ==", "data:,text", "data:image/png;base64,", "https://127.0.0.1:1/"]
)
async def test_what_is_no_picture_fails_the_prediction(api, uri):
    ended = await api.finish({"image": uri})
    assert (ended["status"], ended["output"]) == ("failed", None)
    assert ended["error"]


@pytest.mark.parametrize("uri", ["data:image/jpeg;base64", "data:image/jpeg;base64,a", "http://:0:0/"])
async def test_a_malformed_uri_fails_the_prediction(api, uri):
    assert (await api.finish({"image": uri}))["status"] == "failed"


async def test_a_truncated_picture_fails_the_prediction(api, picture):
    uri = "data:image/jpeg;base64," + base64.b64encode(picture[: len(picture) // 2]).decode()
    assert "cannot identify image file" in (await api.finish({"image": uri}))["error"]


@pytest.mark.parametrize("size", [(8000, 8000), (20000, 5000)])
async def test_a_picture_of_too_many_pixels_fails_the_prediction(api, size):
    out = io.BytesIO()
    Image.new("1", size).save(out, "PNG")
    uri = "data:image/png;base64," + base64.b64encode(out.getvalue()).decode()
    ended = await api.finish({"image": uri})
    assert ended["status"] == "failed"


async def test_only_a_model_that_can_make_one_up_runs_without_a_picture(api):
    assert (await api.finish({}))["status"] == "succeeded"
    version = version_id("lucataco/remove-bg")
    status, _, _ = await api.call("POST", "/v1/predictions", json={"version": version, "input": {}})
    assert status == 422


async def test_redirected_inputs_are_followed(api, mock, picture_url):
    redirecting = await api.finish({"mock_scenario": {"output": "redirect", "output_redirect_to": picture_url}})
    assert (await api.finish({"image": redirecting["output"]}))["status"] == "succeeded"
