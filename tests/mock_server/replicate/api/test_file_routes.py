import hashlib

import aiohttp
import pytest


def form(content=b"bytes", **fields):
    data = aiohttp.FormData()
    if content is not None:
        data.add_field("content", content, filename="a.png", content_type="image/png")
    for name, value in fields.items():
        data.add_field(name, value)
    return data


async def test_an_upload_is_described_and_removed(api, mock):
    status, file, _ = await api.call("POST", "/v1/files", data=form(metadata='{"a": 1}'))
    assert status == 201
    assert file == {
        "id": file["id"],
        "name": "a.png",
        "content_type": "image/png",
        "size": 5,
        "etag": file["checksums"]["md5"],
        "checksums": {"sha256": hashlib.sha256(b"bytes").hexdigest(), "md5": hashlib.md5(b"bytes").hexdigest()},
        "metadata": {"a": 1},
        "created_at": file["created_at"],
        "expires_at": file["expires_at"],
        "urls": {"get": f"{mock.base_url}/v1/files/{file['id']}"},
    }
    assert (await api.call("GET", file["urls"]["get"]))[1] == file
    assert (await api.call("DELETE", file["urls"]["get"]))[0] == 204
    for method in ("DELETE", "GET"):
        status, problem, _ = await api.call(method, file["urls"]["get"])
        assert (status, problem["detail"]) == (404, "File not found")


async def test_extra_form_fields_override_name_and_type(api):
    _, file, _ = await api.call("POST", "/v1/files", data=form(filename="b.jpg", type="image/jpeg"))
    assert (file["name"], file["content_type"]) == ("b.jpg", "image/jpeg")


@pytest.mark.parametrize(
    "data", [b"plain", form(content=None, metadata="{}"), form(metadata="[1]"), form(metadata="{")]
)
async def test_a_faulty_upload_is_a_bad_request_and_leaves_nothing(api, data):
    assert (await api.call("POST", "/v1/files", data=data))[0] == 400
    assert (await api.call("GET", "/v1/files"))[1]["results"] == []


async def test_an_upload_above_the_limit_is_refused(start_mock, api_of):
    api = api_of(await start_mock(max_file_bytes=1000))
    status, problem, _ = await api.call("POST", "/v1/files", data=form(b"x" * 2000))
    assert (status, "must be less than" in problem["detail"]) == (413, True)
    assert (await api.call("POST", "/v1/files", data=form(b"x" * 1000)))[0] == 201


async def test_an_upload_may_be_larger_than_a_json_body(start_mock, api_of):
    api = api_of(await start_mock(max_body_bytes=100))
    assert (await api.call("POST", "/v1/files", data=form(b"x" * 5000)))[1]["size"] == 5000


async def test_uploads_expire_after_a_day(start_mock, api_of, clock):
    api = api_of(await start_mock(clock=clock))
    _, file, _ = await api.call("POST", "/v1/files", data=form())
    clock.now += 24 * 3600
    assert (await api.call("GET", file["urls"]["get"]))[0] == 404
    assert (await api.call("GET", "/v1/files"))[1]["results"] == []


async def test_the_list_comes_in_pages_newest_first(start_mock, api_of):
    api = api_of(await start_mock(page_size=2))
    uploaded = [(await api.call("POST", "/v1/files", data=form()))[1]["id"] for _ in range(3)]
    _, first, _ = await api.call("GET", "/v1/files")
    _, second, _ = await api.call("GET", first["next"])
    assert [row["id"] for page in (first, second) for row in page["results"]] == uploaded[::-1]
    assert second["next"] is None


async def test_a_name_of_more_than_255_bytes_is_refused(api):
    assert (await api.call("POST", "/v1/files", data=form(filename="ж" * 128)))[0] == 400
    assert (await api.call("POST", "/v1/files", data=form(filename="ж" * 127)))[0] == 201


async def test_a_signed_link_leads_to_the_bytes_without_a_token(start_mock, api_of, clock, session):
    mock = await start_mock(clock=clock)
    _, file, _ = await api_of(mock).call("POST", "/v1/files", data=form(b"the bytes"))
    url = mock.control.file_link(file["id"], mock.base_url, expires_in_s=60)
    async with session.get(url) as answer:
        assert (answer.status, answer.content_type, await answer.read()) == (200, "image/png", b"the bytes")
    spoilt = [
        url.replace("owner=mock", "owner=me"),
        url[:-4] + "xxxx",
        url.replace("expiry=1", "expiry=2"),
        url.split("&")[0],
    ]
    clock.now += 60
    for wrong in (*spoilt, url):
        async with session.get(wrong) as answer:
            assert answer.status == 404


async def test_a_link_to_nothing_cannot_be_had(api):
    assert (await api.call("POST", "/_mock/files/nope/link"))[0] == 404
