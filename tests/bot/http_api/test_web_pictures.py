"""Pictures from callers' URLs: fetched from the public internet only, whatever a name, a redirect or a server says."""

import asyncio
import contextlib
import ssl
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from io import BytesIO
from socket import AF_INET

import pytest
from aiohttp import web
from aiohttp.abc import AbstractResolver
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from yarl import URL

from bot.http_api.web_pictures import UrlRules, open_web_pictures, parsed
from bot.jobs.errors import JobFailedError, NotDoneError
from tests.support.fakes import PHOTO
from tests.support.web_servers import answering, listening

NAME = "pictures.example"
LIMIT = 1000
NEXT_DOOR = UrlRules(public_only=False)
# As in production, but that the test's server, on loopback, passes for the public internet.
LOOPBACK_IS_PUBLIC = UrlRules(public_only=True, public=lambda address: address == "127.0.0.1")


class Names(AbstractResolver):
    """Answers every name with the next of these addresses; counts."""

    def __init__(self, *answers):
        self.answers, self.asked = list(answers), 0

    async def resolve(self, host, port=0, family=AF_INET):
        self.asked += 1
        addresses = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(addresses, Exception):
            raise addresses
        return [
            {"hostname": host, "host": address, "port": port, "family": AF_INET, "proto": 0, "flags": 0}
            for address in addresses
        ]

    async def close(self):
        pass


@pytest.fixture(scope="module")
def tls():
    """(for the server, for the client): a certificate for NAME that nobody else trusts."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, NAME)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(NAME)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    return certificate.public_bytes(serialization.Encoding.PEM), key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


@asynccontextmanager
async def server(handler, tls=None, folder=None):
    """A web server on loopback; its port."""
    context = None
    if tls:
        (folder / "cert.pem").write_bytes(tls[0])
        (folder / "key.pem").write_bytes(tls[1])
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    async with listening(answering(handler), tls=context) as url:
        yield URL(url).port


async def picture(_):
    return web.Response(body=PHOTO, content_type="image/jpeg")


async def fetched(pictures, url, *, max_bytes):
    into = BytesIO()
    size = await pictures.fetch(url, into, max_bytes=max_bytes)
    assert size == len(into.getvalue())
    return into.getvalue()


async def refusal(url, resolver=None, *, public_only=True):
    async with open_web_pictures(
        UrlRules(public_only=public_only), resolver=resolver or Names(["127.0.0.1"])
    ) as pictures:
        with pytest.raises((JobFailedError, NotDoneError)) as caught:
            await pictures.fetch(url, BytesIO(), max_bytes=LIMIT)
    assert "://" not in str(caught.value)
    return caught.value.code


@pytest.mark.parametrize(
    "url",
    [
        "http://pictures.example/a.jpg",
        "ftp://pictures.example/a.jpg",
        "file:///etc/passwd",
        "https:///a.jpg",
        "//pictures.example/a.jpg",
        "/etc/passwd",
        "https://user@pictures.example/a.jpg",
        "https://user:word@pictures.example/a.jpg",
        "https://127.0.0.1/",
        "https://127.1/",
        "https://2130706433/",
        "https://0/",
        "https://[::1]/",
        "https://[::ffff:127.0.0.1]/",
        "https://169.254.169.254/latest/meta-data/",
        "https://pictures.example:0/",
        "https://[/",
    ],
)
async def test_a_url_that_must_not_be_asked_for_is_not(url):
    names = Names(["93.184.216.34"])
    assert await refusal(url, names) == "image_url_refused"
    assert names.asked == 0


@pytest.mark.parametrize("addresses", [["127.0.0.1"], ["10.0.0.1"], ["93.184.216.34", "10.0.0.1"], ["::1"]])
async def test_a_name_with_any_address_next_door_is_refused_without_a_connection(addresses):
    asked = []

    async def handler(request):
        asked.append(request.path)
        return await picture(request)

    async with server(handler) as port:
        assert await refusal(f"https://{NAME}:{port}/a.jpg", Names(addresses)) == "image_url_refused"
    assert asked == []


async def test_spellings_of_an_address_that_only_a_resolver_understands_are_refused_by_their_meaning():
    for spelling in ("0x7f000001", "0x7f.1", "localhost", "localhost.", "127.0.0.1.nip.example"):
        assert await refusal(f"https://{spelling}/", Names(["127.0.0.1"])) == "image_url_refused"


async def test_the_connection_goes_to_the_address_that_was_checked(tls, tmp_path):
    """A name that changes its address right after it was checked gains nothing: it is resolved once."""
    names = Names(["127.0.0.1"], ["10.255.255.1"])
    async with server(picture, tls, tmp_path) as port:
        trust = ssl.create_default_context(cadata=tls[0].decode())
        async with open_web_pictures(LOOPBACK_IS_PUBLIC, resolver=names, tls=trust) as pictures:
            assert await fetched(pictures, f"https://{NAME}:{port}/a.jpg", max_bytes=10_000) == PHOTO
            assert names.asked == 1


async def test_a_certificate_for_another_name_is_not_trusted(tls, tmp_path):
    async with server(picture, tls, tmp_path) as port:
        trust = ssl.create_default_context(cadata=tls[0].decode())
        async with open_web_pictures(LOOPBACK_IS_PUBLIC, resolver=Names(["127.0.0.1"]), tls=trust) as pictures:
            with pytest.raises(NotDoneError):
                await pictures.fetch(f"https://other.example:{port}/a.jpg", BytesIO(), max_bytes=10_000)


@pytest.mark.parametrize("target", ["http://{name}:{port}/b", "https://10.0.0.1:{port}/b", "//[::1]/b", "https://["])
async def test_every_redirect_is_checked_like_the_url_itself(tls, tmp_path, target):
    served = []

    async def redirect(request):
        served.append(request.path)
        return web.Response(status=302, headers={"Location": target.format(name=NAME, port=request.url.port)})

    async with server(redirect, tls, tmp_path) as port:
        trust = ssl.create_default_context(cadata=tls[0].decode())
        async with open_web_pictures(LOOPBACK_IS_PUBLIC, resolver=Names(["127.0.0.1"]), tls=trust) as pictures:
            with pytest.raises(JobFailedError) as caught:
                await pictures.fetch(f"https://{NAME}:{port}/a", BytesIO(), max_bytes=10_000)
    assert caught.value.code == "image_url_refused"
    assert served == ["/a"]


async def test_a_redirect_to_a_name_that_leads_next_door_is_refused(tls, tmp_path):
    async def redirect(request):
        return web.Response(status=302, headers={"Location": "https://inner.example/"})

    async with server(redirect, tls, tmp_path) as port:
        trust = ssl.create_default_context(cadata=tls[0].decode())
        names = Names(["127.0.0.1"], ["10.0.0.1"])
        async with open_web_pictures(LOOPBACK_IS_PUBLIC, resolver=names, tls=trust) as pictures:
            with pytest.raises(JobFailedError) as caught:
                await pictures.fetch(f"https://{NAME}:{port}/a", BytesIO(), max_bytes=10_000)
    assert caught.value.code == "image_url_refused"
    assert names.asked == 2


async def test_redirects_come_to_an_end():
    async def again(request):
        raise web.HTTPFound(str(request.url.update_query(n=int(request.query.get("n", 0)) + 1)))

    async with server(again) as port:
        assert await refusal(f"http://127.0.0.1:{port}/", public_only=False) == "image_url_refused"


async def test_a_picture_is_fetched_over_a_redirect_without_credentials_or_cookies():
    seen = []

    async def handler(request):
        seen.append(request.headers.copy())
        if request.path == "/a":
            raise web.HTTPFound("/b", headers={"Set-Cookie": "a=b; Path=/"})
        return await picture(request)

    async with server(handler) as port, open_web_pictures(NEXT_DOOR) as pictures:
        assert await fetched(pictures, f"http://127.0.0.1:{port}/a", max_bytes=10_000) == PHOTO
    assert not [name for headers in seen for name in headers if name in {"Authorization", "Cookie", "X-API-Key"}]
    assert len(seen) == 2


@pytest.mark.parametrize("chunked", [False, True])
async def test_more_than_may_be_is_cut_off(chunked):
    async def large(request):
        response = web.StreamResponse()
        if not chunked:
            response.content_length = LIMIT + 1
        await response.prepare(request)
        await response.write(b"x" * (LIMIT + 1))
        return response

    async with server(large) as port:
        assert await refusal(f"http://127.0.0.1:{port}/", public_only=False) == "too_many_bytes"


async def test_what_is_packed_is_not_unpacked():
    async def bomb(_):
        return web.Response(body=b"\x1f\x8b packed", headers={"Content-Encoding": "gzip"})

    async with server(bomb) as port, open_web_pictures(NEXT_DOOR) as pictures:
        assert await fetched(pictures, f"http://127.0.0.1:{port}/", max_bytes=LIMIT) == b"\x1f\x8b packed"


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (401, "image_url_gone"),
        (403, "image_url_gone"),
        (404, "image_url_gone"),
        (410, "image_url_gone"),
        (204, "image_url_gone"),
        (429, "image_url_unreachable"),
        (500, "image_url_unreachable"),
        (503, "image_url_unreachable"),
    ],
)
async def test_an_answer_that_is_no_picture_is_told_apart_by_whether_time_helps(status, code):
    async def handler(_):
        return web.Response(status=status)

    async with server(handler) as port:
        assert await refusal(f"http://127.0.0.1:{port}/", public_only=False) == code


async def test_a_server_that_is_not_there_is_tried_again_a_few_times():
    async with server(picture) as port:
        pass
    async with open_web_pictures(NEXT_DOOR) as pictures:
        with pytest.raises(NotDoneError) as caught:
            await pictures.fetch(f"http://127.0.0.1:{port}/", BytesIO(), max_bytes=LIMIT)
    assert (caught.value.code, caught.value.tries) == ("image_url_unreachable", 6)
    assert await refusal("https://nowhere.example/", Names(OSError("no such name"))) == "image_url_unreachable"


async def cause(url, **sources):
    async with open_web_pictures(**{"rules": NEXT_DOOR, **sources}) as pictures:
        with pytest.raises(NotDoneError) as caught:
            await pictures.fetch(url, BytesIO(), max_bytes=LIMIT)
    return caught.value.cause


async def test_the_log_can_tell_a_name_a_certificate_a_refusal_and_an_outage_apart(tls, tmp_path):
    async def down(_):
        return web.Response(status=503)

    async with server(down) as port:
        assert await cause(f"http://127.0.0.1:{port}/") == "status 503"
    assert await cause(f"http://127.0.0.1:{port}/") == "ClientConnectorError"
    assert await cause("http://nowhere.example/", resolver=Names(OSError("no such name"))) == "ClientConnectorDNSError"
    async with server(picture, tls, tmp_path) as port:
        names = Names(["127.0.0.1"])
        assert await cause(f"https://{NAME}:{port}/", resolver=names) == "ClientConnectorCertificateError"


async def test_a_connection_that_breaks_off_is_tried_again():
    async def broken(request):
        response = web.StreamResponse()
        response.content_length = 500
        await response.prepare(request)
        request.transport.close()
        return response

    async with server(broken) as port:
        assert await refusal(f"http://127.0.0.1:{port}/", public_only=False) == "image_url_unreachable"


async def test_in_mock_mode_pictures_may_be_next_door_but_only_over_http():
    rules = NEXT_DOOR
    assert rules.allow(parsed("http://127.0.0.1:1/a"))
    assert not rules.allow(parsed("ftp://127.0.0.1/a"))
    assert not rules.allow(parsed("http://user@127.0.0.1/a"))


async def test_the_resolver_is_closed_with_the_session():
    closed = asyncio.Event()

    class Closing(Names):
        async def close(self):
            closed.set()

    async with open_web_pictures(UrlRules(public_only=True), resolver=Closing(["1.1.1.1"])):
        pass
    assert closed.is_set()


async def test_a_server_that_gives_a_byte_now_and_then_is_given_up(loop_clock):
    async def dripping(request):
        response = web.StreamResponse()
        await response.prepare(request)
        with contextlib.suppress(ConnectionError):
            while True:
                await response.write(b"x")
                await loop_clock.put_forward(1)
        return response

    async with server(dripping) as port, open_web_pictures(NEXT_DOOR) as pictures:
        with pytest.raises(NotDoneError):
            await pictures.fetch(f"http://127.0.0.1:{port}/", BytesIO(), max_bytes=LIMIT)
