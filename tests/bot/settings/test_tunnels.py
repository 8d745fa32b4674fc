"""`BASE_URL=ngrok` and `=cloudflared` against agents on loopback that answer as the real ones do, and strangers."""

import json
import re
import threading
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from bot.http_probe import MAX_BODY_BYTES
from bot.settings import Settings, SettingsError, load_settings, tunnels
from bot.settings.checks import names_tunnel
from bot.settings.tunnels import NoTunnelError, Tunnel, agent_named, public_url
from tests.support.ports import free_port

TOKEN = "4242424242:AAbot-of-somebody-with-a-real-token"
PORT = 8123


@contextmanager
def agent(answers):
    """Serves path → JSON document (or bytes as they are, or None for an answer that never comes); gives its port."""
    over = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            answer = answers.get(self.path, b"404 page not found")
            if answer is None:
                over.wait(30)
                return
            body = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
            self.send_response(200 if self.path in answers else 404)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    serving = threading.Thread(target=server.serve_forever, args=(0.01,))
    serving.start()
    try:
        yield server.server_address[1]
    finally:
        over.set()
        server.shutdown()
        serving.join()
        server.server_close()


def ngrok(*rows):
    """https://ngrok.com/docs/agent/api/#list-tunnels"""
    listed = [
        {"name": f"t{n}", "public_url": url, "proto": url.partition(":")[0], "config": {"addr": addr, "inspect": True}}
        for n, (url, addr) in enumerate(rows)
    ]
    return {"/api/tunnels": {"tunnels": listed, "uri": "/api/tunnels"}}


def cloudflared(hostname="", *rules):
    """What cloudflared's metrics server gives."""
    ingress = [{"hostname": host, "path": None, "service": service, "originRequest": {}} for host, service in rules]
    return {
        "/quicktunnel": json.dumps({"hostname": hostname}).encode(),  # it is said to be text/plain
        "/config": {"version": 1, "config": {"ingress": ingress, "warp-routing": {}}},
    }


def load(name, answers, **more):
    with agent(answers) as port:
        return load_settings(
            {"BOT_TOKEN": TOKEN, "BASE_URL": f"{name}:{port}", "PORT": str(PORT)} | more, None
        ).base_url


def complaint(name, answers, **more):
    with pytest.raises(SettingsError) as caught:
        load(name, answers, **more)
    text = str(caught.value)
    assert re.fullmatch(rf"BASE_URL: got '{name}:\d+', wants .+", text)
    return text


@pytest.mark.parametrize("addr", [f"http://localhost:{PORT}", f"localhost:{PORT}", f"http://[::1]:{PORT}", str(PORT)])
def test_the_one_tunnel_of_ngrok_is_the_base_url(addr):
    assert load("ngrok", ngrok(("https://d95211d2.ngrok.app", addr))) == "https://d95211d2.ngrok.app"


def test_of_several_the_one_to_our_port_is_taken_and_plain_http_never():
    rows = [
        ("https://other.ngrok.app", "http://localhost:3000"),
        ("http://ours.ngrok.app", f"http://localhost:{PORT}"),
        ("tcp://0.tcp.ngrok.io:53476", f"localhost:{PORT}"),
        ("https://ours.ngrok.app", f"http://localhost:{PORT}"),
        ("https://files.ngrok.app", "file:///srv/files"),
    ]
    assert load("ngrok", ngrok(*rows)) == "https://ours.ngrok.app"


def test_several_that_fit_are_named_and_none_is_guessed():
    text = complaint("ngrok", ngrok(("https://a.ngrok.app", f"{PORT}"), ("https://b.ngrok.app", f"{PORT}")))
    assert "https://a.ngrok.app, https://b.ngrok.app" in text


def test_a_tunnel_to_another_port_is_named_with_the_command_for_ours():
    text = complaint("ngrok", ngrok(("https://a.ngrok.app", "http://localhost:80")))
    assert "https://a.ngrok.app to port 80" in text
    assert f"`ngrok http {PORT}`" in text


@pytest.mark.parametrize(
    "tunnel",
    [("tcp://0.tcp.ngrok.io:53476", f"{PORT}"), ("http://a.ngrok.app", f"{PORT}"), ("https://a b", f"{PORT}"), (7, 7)],
)
def test_an_agent_without_a_tunnel_for_https_is_told(tunnel):
    answers = {"/api/tunnels": {"tunnels": [{"public_url": tunnel[0], "config": {"addr": tunnel[1]}}, "row"]}}
    assert "answers https, but none is open" in complaint("ngrok", answers)


def test_a_quick_tunnel_of_cloudflared_is_the_base_url():
    answers = cloudflared("calm-sea.trycloudflare.com", ("", f"http://localhost:{PORT}"))
    assert load("cloudflared", answers) == "https://calm-sea.trycloudflare.com"
    del answers["/config"]  # older agents
    assert load("cloudflared", answers) == "https://calm-sea.trycloudflare.com"


def test_a_named_tunnel_of_cloudflared_is_found_by_its_rule():
    rules = [
        ("shop.example.org", "http://localhost:3000"),
        ("bot.example.org", f"http://localhost:{PORT}"),
        ("", "http_status:404"),
    ]
    assert load("cloudflared", cloudflared("", *rules)) == "https://bot.example.org"


def test_a_quick_tunnel_to_another_port_is_told():
    text = complaint("cloudflared", cloudflared("calm-sea.trycloudflare.com", ("", "http://localhost:80")))
    assert "to port 80" in text
    assert f"`cloudflared tunnel --url http://localhost:{PORT}`" in text


@pytest.mark.parametrize("name", ["ngrok", "cloudflared"])
@pytest.mark.parametrize(
    "body",
    [b"<html>", b"[]", b"{}", b'{"tunnels": 7, "hostname": 7}', b"\xff", b"[" * 99_999, b" " * MAX_BODY_BYTES * 2],
)
def test_a_stranger_on_the_agents_port_is_no_agent(name, body):
    text = complaint(name, dict.fromkeys(["/api/tunnels", "/quicktunnel", "/config"], body))
    assert f"a running {name}, but none answers at 127.0.0.1:" in text


@pytest.mark.parametrize("name", ["ngrok", "cloudflared"])
def test_without_an_agent_the_line_says_how_to_start_one_and_that_polling_works_too(name):
    with pytest.raises(SettingsError) as caught:
        load_settings({"BOT_TOKEN": TOKEN, "BASE_URL": f"{name}:{free_port()}", "PORT": str(PORT)}, None)
    [line] = str(caught.value).splitlines()
    assert re.fullmatch(
        rf"BASE_URL: got '{name}:\d+', wants a running {name}, .+: start `{name} .+`, or unset it.*", line
    )


def test_an_agent_that_does_not_answer_is_given_up(monkeypatch):
    monkeypatch.setattr(tunnels, "_PATIENCE_S", 0.05)
    assert "none answers" in complaint("ngrok", {"/api/tunnels": None})


def test_agents_are_looked_for_where_the_first_port_was_taken(monkeypatch):
    with agent({"/": b""}) as stranger, agent(ngrok(("https://a.ngrok.app", f"{PORT}"))) as second:
        ports = (free_port(), stranger, second)
        monkeypatch.setitem(tunnels._AGENTS, "ngrok", replace(agent_named("ngrok"), ports=ports))
        assert public_url("ngrok", PORT) == "https://a.ngrok.app"


def test_the_usual_ports_of_both_agents_are_asked():
    assert list(agent_named("ngrok").ports) == [4040, 4041, 4042, 4043, 4044, 4045]
    assert list(agent_named("cloudflared").ports) == [20241, 20242, 20243, 20244, 20245]


def test_other_wrong_settings_are_told_before_an_agent_is_asked():
    with pytest.raises(SettingsError) as caught:
        load_settings({"BASE_URL": "ngrok:1", "PORT": "x"}, None)
    assert [fault.variable for fault in caught.value.faults] == ["PORT"]


def test_a_tunnel_on_a_port_that_telegram_does_not_call_cannot_be_made_up():
    assert tunnels._is_public("https://a.ngrok.app/")
    assert not any(
        map(tunnels._is_public, ["https://a.ngrok.app:444", "https://localhost", "https://u@a.b", "https://a.b/c"])
    )


@pytest.mark.parametrize(
    "value", ["ngrok:", "ngrok:0", "ngrok:65536", "ngrok:x", "ngrok:1:2", "Ngrok", "localtunnel", ""]
)
def test_only_the_names_and_their_ports_are_names(value):
    assert not names_tunnel(value)


def test_the_constructor_takes_urls_only():
    with pytest.raises(ValueError, match="ngrok or cloudflared"):
        Settings(base_url="ngrok")


def test_a_chosen_tunnel_is_the_only_one_of_its_kind():
    one, other = Tunnel("https://a.b", None), Tunnel("https://c.d", None)
    assert tunnels._chosen([one, one], PORT, "") == "https://a.b"
    with pytest.raises(NoTunnelError):
        tunnels._chosen([one, other], PORT, "")
