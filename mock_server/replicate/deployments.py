"""Deployments: those created through the API, and an implied one behind every other well-formed name."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from mock_server.replicate.account import USERNAME, account_json
from mock_server.replicate.clock import MockClock
from mock_server.replicate.models.registry import ModelRegistry, Target
from mock_server.replicate.problems import invalid_field, invalid_input, not_found
from mock_server.replicate.wire_format import NAME_PATTERN, timestamp

HARDWARE: Mapping[str, str] = {
    "cpu": "CPU",
    "gpu-t4": "Nvidia T4 GPU",
    "gpu-a40-small": "Nvidia A40 GPU",
    "gpu-a40-large": "Nvidia A40 (Large) GPU",
}
"""Name by SKU, as recorded."""
MOST_INSTANCES = {"min_instances": 5, "max_instances": 20}
REQUIRED = ("name", "model", "version", "hardware", "min_instances", "max_instances")
CHANGEABLE = ("version", "hardware", "min_instances", "max_instances")


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """A deployment with its current release."""

    owner: str
    name: str
    model: str
    version: str
    created_at: float
    number: int = 1
    hardware: str = "gpu-t4"
    min_instances: int = 0
    max_instances: int = 1

    def shown(self) -> dict[str, Any]:
        """The deployment as the API shows it."""
        configuration = {key: getattr(self, key) for key in ("hardware", "min_instances", "max_instances")}
        release = {
            "number": self.number,
            "model": self.model,
            "version": self.version,
            "created_at": timestamp(self.created_at),
            "created_by": account_json(),
            "configuration": configuration,
        }
        return {"owner": self.owner, "name": self.name, "current_release": release}


class DeploymentStore:
    """Deployments of the token's own account exist when they were created; all others are implied."""

    def __init__(self, models: ModelRegistry, clock: MockClock) -> None:
        """None created yet."""
        self._models = models
        self._clock = clock
        self._own: dict[str, Deployment] = {}
        self._last_created_at = 0.0

    def create(self, body: Mapping[str, Any]) -> Deployment:
        """Makes one of the token's account.

        Raises:
            Problem: 422 for a missing or impossible field, or a name that is taken.
        """
        missing = [name for name in REQUIRED if body.get(name) is None]
        if missing:
            raise invalid_input(
                [{"type": "required", "field": "(root)", "description": f"{name} is required"} for name in missing]
            )
        name = body["name"]
        if not isinstance(name, str) or not NAME_PATTERN.fullmatch(name) or name in self._own:
            raise invalid_field("name", "name is no name, or is taken")
        self._check(body)
        target = self._models.referenced(f"{body['model']}:{body['version']}")
        made = Deployment(
            owner=USERNAME,
            name=name,
            model=target.model.full_name,
            version=target.version,
            created_at=self._moment(),
            **{key: body[key] for key in ("hardware", "min_instances", "max_instances")},
        )
        self._own[name] = made
        return made

    def change(self, owner: str, name: str, body: Mapping[str, Any]) -> Deployment:
        """Makes a new release.

        Raises:
            Problem: 404 for one that was not created here, 422 for an impossible field.
        """
        old = self._created(owner, name)
        changes = {key: body[key] for key in CHANGEABLE if body.get(key) is not None}
        self._check(changes)
        if "version" in changes:
            changes["version"] = self._models.referenced(f"{old.model}:{changes['version']}").version
        self._own[name] = replace(old, number=old.number + 1, created_at=self._moment(), **changes)
        return self._own[name]

    def delete(self, owner: str, name: str) -> None:
        """Forgets one.

        Raises:
            Problem: 404 for one that was not created here.
        """
        del self._own[self._created(owner, name).name]

    def get(self, owner: str, name: str) -> Deployment:
        """The deployment.

        Raises:
            Problem: 404 for one of the token's account that was not created, or a name that cannot be one.
        """
        if owner == USERNAME:
            return self._created(owner, name)
        model = self._models.deployed(owner, name)
        return Deployment(
            owner=owner, name=name, model=model.full_name, version=model.version, created_at=model.released_at
        )

    def target(self, owner: str, name: str) -> Target:
        """What a prediction of the deployment runs.

        Raises:
            Problem: as `get`.
        """
        found = self.get(owner, name)
        model_owner, _, model_name = found.model.partition("/")
        return Target(self._models.get(model_owner, model_name), found.version, f"{owner}/{name}")

    def newest_first(self) -> Sequence[Deployment]:
        """Those that were created, by the moment of their current release."""
        return sorted(self._own.values(), key=lambda one: -one.created_at)

    def forget_all(self) -> None:
        """None created."""
        self._own.clear()
        self._last_created_at = 0.0

    def _created(self, owner: str, name: str) -> Deployment:
        if owner != USERNAME or name not in self._own:
            raise not_found()
        return self._own[name]

    def _check(self, fields: Mapping[str, Any]) -> None:
        if "hardware" in fields and fields["hardware"] not in HARDWARE:
            raise invalid_field("hardware", f"hardware must be one of the following: {', '.join(HARDWARE)}", "enum")
        for name, most in MOST_INSTANCES.items():
            value = fields.get(name, 0)
            if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= most:
                raise invalid_field(name, f"Must be a whole number from 0 to {most}", "number_lte")

    def _moment(self) -> float:
        """Now, but later than the one before: pages are cut by it."""
        self._last_created_at = max(self._clock(), self._last_created_at + 1e-6)
        return self._last_created_at
