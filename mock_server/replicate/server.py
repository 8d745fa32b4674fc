"""Builds a mock Replicate, runs it on the caller's event loop, and leaves nothing behind."""

import asyncio
import random
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp
from aiohttp import web

from mock_server.replicate.api import (
    account_routes,
    deployment_routes,
    file_routes,
    model_routes,
    output_routes,
    prediction_routes,
    search_routes,
    stream_routes,
    training_routes,
)
from mock_server.replicate.api.middleware import answer_call
from mock_server.replicate.api.unmodelled import add_unmodelled
from mock_server.replicate.background import BackgroundTasks
from mock_server.replicate.callbacks import CallbackSender
from mock_server.replicate.clock import MockClock
from mock_server.replicate.config import MockReplicateConfig
from mock_server.replicate.control import MockControl
from mock_server.replicate.control_api import routes as control_surface
from mock_server.replicate.control_api.routes import answer_control_call
from mock_server.replicate.deployments import DeploymentStore
from mock_server.replicate.files import FileStore
from mock_server.replicate.inputs import InputReader
from mock_server.replicate.journal import Journal
from mock_server.replicate.life import PredictionLife
from mock_server.replicate.model_runs import ModelRunner
from mock_server.replicate.models.registry import ModelRegistry
from mock_server.replicate.outputs import OutputStore
from mock_server.replicate.parts import PARTS, Parts
from mock_server.replicate.predictions import PredictionEngine
from mock_server.replicate.rate_limit import TokenBucket
from mock_server.replicate.scenario_switches import ScenarioSwitches

ROUTES = (
    prediction_routes,
    stream_routes,  # before the files, among which some streams lie
    file_routes,
    model_routes,
    search_routes,
    deployment_routes,
    training_routes,
    account_routes,
    output_routes,
    control_surface,
)
CONNECTIONS_OUT = 200
SHUTDOWN_TIMEOUT_S = 0.5
"""How long calls in progress may take to end; held ones would take for ever."""
ANY_ADDRESS = {"0.0.0.0": "127.0.0.1", "::": "[::1]", "::1": "[::1]"}  # noqa: S104 -- where to reach, not to bind


@dataclass(frozen=True, slots=True)
class MockReplicate:
    """A running mock: where it is, what signs its webhooks, and its controls."""

    base_url: str
    """Without `/v1`, as the Python client wants it."""
    config: MockReplicateConfig
    control: MockControl

    @property
    def webhook_secret(self) -> str:
        """The `whsec_…` that its webhooks are signed with."""
        return self.config.webhook_secret


@asynccontextmanager
async def run_mock_replicate(config: MockReplicateConfig | None = None) -> AsyncIterator[MockReplicate]:
    """Serves until the block is left, then stops every prediction, delivery and thread.

    Raises:
        OSError: the port is taken.
    """
    config = config or MockReplicateConfig()
    async with AsyncExitStack() as stack:
        directory = await _temporary_directory(stack)
        session = await stack.enter_async_context(_session())
        tasks = BackgroundTasks()
        parts = _build(config, directory, session, tasks)
        stack.push_async_callback(parts.runner.close)
        stack.push_async_callback(tasks.close)
        app_runner = web.AppRunner(
            create_app(parts), access_log=None, handle_signals=False, shutdown_timeout=SHUTDOWN_TIMEOUT_S
        )
        await app_runner.setup()
        stack.push_async_callback(app_runner.cleanup)
        await web.TCPSite(app_runner, config.host, config.port, ssl_context=config.tls).start()
        stack.callback(parts.engine.forget_all)
        port = app_runner.addresses[0][1]
        scheme = "https" if config.tls else "http"
        origin = config.public_url or f"{scheme}://{ANY_ADDRESS.get(config.host, config.host)}:{port}"
        yield MockReplicate(origin, config, parts.control)


def create_app(parts: Parts) -> web.Application:
    """The routes and what surrounds them."""
    # An upload to /v1/files is streamed and has a limit of its own; this one is for JSON bodies.
    app = web.Application(client_max_size=parts.config.max_body_bytes, middlewares=[answer_call, answer_control_call])
    app[PARTS] = parts
    for module in ROUTES:
        app.add_routes(module.routes)
    add_unmodelled(app)
    return app


def _build(
    config: MockReplicateConfig, directory: Path, session: aiohttp.ClientSession, tasks: BackgroundTasks
) -> Parts:
    clock = MockClock(config.clock)
    journal, models = Journal(config.journal_size), ModelRegistry()
    chances = random.Random(config.random_seed)  # noqa: S311 -- scenarios, not secrets
    switches = ScenarioSwitches(config.scenario, chances)
    deployments = DeploymentStore(models, clock)
    files = FileStore(directory / "files", clock, config.max_file_bytes)
    outputs = OutputStore(directory / "outputs", clock, config.output_ttl_s)
    inputs = InputReader(session, files, outputs, max_bytes=config.max_input_bytes, timeout_s=config.input_timeout_s)
    runner = ModelRunner(inputs, outputs)
    callbacks = CallbackSender(config, clock, session, tasks, journal)
    engine = PredictionEngine(config, clock, tasks, PredictionLife(clock, runner, callbacks), runner, outputs)
    control = MockControl(
        switches=switches,
        journal=journal,
        engine=engine,
        callbacks=callbacks,
        runner=runner,
        outputs=outputs,
        files=files,
        deployments=deployments,
        tasks=tasks,
        clock=clock,
        files_signing_secret=config.files_signing_secret,
    )
    return Parts(
        config=config,
        clock=clock,
        journal=journal,
        switches=switches,
        models=models,
        deployments=deployments,
        files=files,
        outputs=outputs,
        runner=runner,
        callbacks=callbacks,
        engine=engine,
        control=control,
        create_limit=TokenBucket(config.rate_limit_creates_per_min, clock),
        request_limit=TokenBucket(config.rate_limit_requests_per_min, clock),
    )


async def _temporary_directory(stack: AsyncExitStack) -> Path:
    made = await asyncio.to_thread(tempfile.TemporaryDirectory, prefix="mock-replicate-")
    stack.push_async_callback(asyncio.to_thread, made.cleanup)
    root = Path(made.name)
    for name in ("files", "outputs"):
        await asyncio.to_thread((root / name).mkdir)
    return root


def _session() -> aiohttp.ClientSession:
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=CONNECTIONS_OUT), cookie_jar=aiohttp.DummyCookieJar()
    )
