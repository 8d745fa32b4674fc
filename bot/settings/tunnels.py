"""`BASE_URL=ngrok` and `BASE_URL=cloudflared`: a tunnel's agent on this machine knows its public URL, so it is asked.

ngrok: https://ngrok.com/docs/agent/api/. cloudflared: its metrics server, `/quicktunnel` for the name of a tunnel
without an account and `/config` for the rest, https://github.com/cloudflare/cloudflared/blob/master/metrics/metrics.go
"""

import asyncio
import re
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final
from urllib.parse import urlsplit

import aiohttp

from bot.http_probe import NotReachedError, ask, open_http
from bot.settings.errors import Fault, SettingsError

# On this machine an agent answers in milliseconds, or somebody else has its port.
_PATIENCE_S: Final = 2.0
_MAX_NAMED: Final = 5
_HOST_NAME: Final = re.compile(r"(?=.{1,253}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+")


class NoTunnelError(Exception):
    """There is not exactly one tunnel to the port. The text says what is wanted instead."""


@dataclass(frozen=True, slots=True)
class Tunnel:
    """A public URL and the port of this machine that it leads to; None where the agent does not tell."""

    url: str
    port: int | None


@dataclass(frozen=True, slots=True)
class Agent:
    """A program that keeps tunnels open. `ports` are those that its API is looked for at, `start` how to begin one."""

    name: str
    ports: Sequence[int]
    start: str
    tunnels: Callable[[aiohttp.ClientSession, str], Awaitable[list[Tunnel]]]


def public_url(name: str, port: int) -> str:
    """The https URL of the tunnel to `port` of this machine that the agent called `name` keeps open.

    `name` is one that `bot.settings.checks.names_tunnel` takes. Blocks, for two calls of 2 seconds at most.

    Raises:
        SettingsError: no agent answers, none of its tunnels leads there, or several do.
    """
    try:
        return asyncio.run(_public_url(agent_named(name), port))
    except NoTunnelError as error:
        raise SettingsError([Fault("BASE_URL", repr(name), str(error))]) from None


def agent_named(name: str) -> Agent:
    """The agent, at the port in its name if there is one."""
    known, _, port = name.partition(":")
    agent = _AGENTS[known]
    return replace(agent, ports=(int(port),)) if port else agent


async def _public_url(agent: Agent, port: int) -> str:
    async with open_http(_PATIENCE_S) as http:
        origins = [f"http://127.0.0.1:{number}" for number in agent.ports]
        told = await asyncio.gather(*(_asked(agent, http, origin) for origin in origins))
    answers = [tunnels for tunnels in told if tunnels is not None]
    start = agent.start.format(port=port)
    if not answers:
        where = f"127.0.0.1:{agent.ports[0]}" + (f" to {agent.ports[-1]}" if len(agent.ports) > 1 else "")
        raise NoTunnelError(
            f"a running {agent.name}, but none answers at {where}: start `{start}`, or unset it to poll"
        )
    return _chosen([tunnel for tunnels in answers for tunnel in tunnels], port, start)


async def _asked(agent: Agent, http: aiohttp.ClientSession, origin: str) -> list[Tunnel] | None:
    """The tunnels of the agent there; None when nobody answers, or somebody else."""
    try:
        return await agent.tunnels(http, origin)
    except (NotReachedError, _NotThisAgentError):
        return None


def _chosen(tunnels: Sequence[Tunnel], port: int, start: str) -> str:
    # Once each: ngrok lists a tunnel that answers http and https twice, cloudflared one for each path.
    fitting = list(dict.fromkeys(tunnel.url for tunnel in tunnels if tunnel.port == port))
    unknown = list(dict.fromkeys(tunnel.url for tunnel in tunnels if tunnel.port is None))
    found = fitting or unknown
    if len(found) == 1:
        return found[0]
    if found:
        named = ", ".join(found[:_MAX_NAMED])
        raise NoTunnelError(f"one of several tunnels that fit, so put the URL itself here: {named}")
    if tunnels:
        elsewhere = ", ".join(f"{tunnel.url} to port {tunnel.port}" for tunnel in tunnels[:_MAX_NAMED])
        raise NoTunnelError(f"a tunnel to PORT {port}, but there is only {elsewhere}: start `{start}`")
    raise NoTunnelError(f"a tunnel that answers https, but none is open: start `{start}`")


class _NotThisAgentError(Exception):
    """What answers there speaks another language."""


async def _ngrok(http: aiohttp.ClientSession, origin: str) -> list[Tunnel]:
    document = await _document(http, f"{origin}/api/tunnels")
    rows = document.get("tunnels")
    if not isinstance(rows, list):
        raise _NotThisAgentError
    return list(_ngrok_tunnels(rows))


def _ngrok_tunnels(rows: Sequence[Any]) -> Iterator[Tunnel]:
    for row in rows:
        if not isinstance(row, dict) or not isinstance(url := row.get("public_url"), str):
            continue
        config = row.get("config")
        address = config.get("addr") if isinstance(config, dict) else None
        if _is_public(url):
            yield Tunnel(url.removesuffix("/"), _port_of(str(address)) if address else None)


async def _cloudflared(http: aiohttp.ClientSession, origin: str) -> list[Tunnel]:
    """A quick tunnel's name is not in the configuration, whose one rule tells where it leads."""
    quick = await _document(http, f"{origin}/quicktunnel")
    if not isinstance(quick.get("hostname"), str):
        raise _NotThisAgentError
    try:
        config = (await _document(http, f"{origin}/config")).get("config")
    except _NotThisAgentError:
        config = None  # agents before 2022 do not tell
    found = config.get("ingress") if isinstance(config, dict) else None
    rules = [rule for rule in found if isinstance(rule, dict)] if isinstance(found, list) else []
    return list(_cloudflared_tunnels(quick["hostname"], rules))


def _cloudflared_tunnels(quick: str, rules: Sequence[Mapping[str, Any]]) -> Iterator[Tunnel]:
    if quick and _is_public(f"https://{quick}"):
        ports = [_port_of(str(rule.get("service"))) for rule in rules]
        yield Tunnel(f"https://{quick}", next((port for port in ports if port), None))
    for rule in rules:
        url, port = f"https://{rule.get('hostname')}", _port_of(str(rule.get("service")))
        if rule.get("hostname") and port and _is_public(url):
            yield Tunnel(url, port)


async def _document(http: aiohttp.ClientSession, url: str) -> dict[str, Any]:
    answer = await ask(http, url)
    document = answer.document()
    if answer.status != 200 or document is None:
        raise _NotThisAgentError
    return document


def _is_public(url: str) -> bool:
    """Whether it is https, a host name and nothing else."""
    scheme, _, rest = url.removesuffix("/").partition("://")
    return scheme == "https" and bool(_HOST_NAME.fullmatch(rest))


def _port_of(address: str) -> int | None:
    """The port in `8000`, `localhost:8000` or `http://localhost:8000`; None in what is no address, such as a file."""
    if address.isdecimal() and len(address) <= 5:
        return int(address)
    try:
        parts = urlsplit(address if "://" in address else f"http://{address}")
        port = parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    except ValueError:
        return None
    return port if parts.hostname else None


# Each looks for the next free port where another agent has the first one.
_AGENTS: Final[Mapping[str, Agent]] = {
    "ngrok": Agent("ngrok", range(4040, 4046), "ngrok http {port}", _ngrok),
    "cloudflared": Agent(
        "cloudflared", range(20241, 20246), "cloudflared tunnel --url http://localhost:{port}", _cloudflared
    ),
}
