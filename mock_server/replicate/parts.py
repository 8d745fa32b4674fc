"""What one mock server is made of, as its routes find it."""

from dataclasses import dataclass

from aiohttp import web

from mock_server.replicate.callbacks import CallbackSender
from mock_server.replicate.clock import MockClock
from mock_server.replicate.config import MockReplicateConfig
from mock_server.replicate.control import MockControl
from mock_server.replicate.deployments import DeploymentStore
from mock_server.replicate.files import FileStore
from mock_server.replicate.journal import Journal
from mock_server.replicate.model_runs import ModelRunner
from mock_server.replicate.models.registry import ModelRegistry
from mock_server.replicate.outputs import OutputStore
from mock_server.replicate.predictions import PredictionEngine
from mock_server.replicate.rate_limit import TokenBucket
from mock_server.replicate.scenario_switches import ScenarioSwitches


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """The objects behind the routes; built once by the server."""

    config: MockReplicateConfig
    clock: MockClock
    journal: Journal
    switches: ScenarioSwitches
    models: ModelRegistry
    deployments: DeploymentStore
    files: FileStore
    outputs: OutputStore
    runner: ModelRunner
    callbacks: CallbackSender
    engine: PredictionEngine
    control: MockControl
    create_limit: TokenBucket
    request_limit: TokenBucket


PARTS: web.AppKey[Parts] = web.AppKey("PARTS", Parts)


def origin_of(request: web.Request) -> str:
    """Scheme and host to start URLs with: the configured ones, else those the caller used."""
    return request.app[PARTS].config.public_url or f"{request.scheme}://{request.host}"
