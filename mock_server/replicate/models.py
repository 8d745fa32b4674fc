"""Which model a reference means, and the JSON of models and versions."""

from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

from mock_server.replicate.catalogue import KNOWN_MODELS
from mock_server.replicate.model_spec import Family, ModelSpec, OutputShape
from mock_server.replicate.problems import not_found, unknown_version
from mock_server.replicate.wire_format import NAME_PATTERN, VERSION_PATTERN

MISSING_OWNER = "missing"
"""Every model of this owner does not exist: the way to get a 404."""
MISSING_VERSION = "0" * 64
"""The version that no model has: the way to get a 422."""
HIDDEN_VERSION = "hidden"
"""What predictions of an official model show as their version."""
RELEASED_AT = "2025-03-01T12:00:00.000000Z"
MOST_SEEN_VERSIONS = 10_000


@dataclass(frozen=True, slots=True)
class Target:
    """What a create call wants to run, and the version its prediction shows."""

    model: ModelSpec
    version: str
    deployment: str | None = None


class ModelRegistry:
    """Known models, and generic ones under every other well-formed name."""

    def __init__(self) -> None:
        """Holds the catalogue."""
        self._known = {model.full_name: model for model in KNOWN_MODELS}
        self._by_version = {model.version: model for model in KNOWN_MODELS}
        self._seen: OrderedDict[str, ModelSpec] = OrderedDict()

    def get(self, owner: str, name: str) -> ModelSpec:
        """The model `owner/name`.

        Raises:
            Problem: 404 for an ill-formed name or the owner `missing`.
        """
        well_formed = NAME_PATTERN.fullmatch(owner) and NAME_PATTERN.fullmatch(name)
        if not well_formed or owner == MISSING_OWNER:
            raise not_found("The requested model does not exist.")
        known = self._known.get(f"{owner}/{name}")
        if known is not None:
            return known
        return self._remember(
            ModelSpec(
                owner=owner,
                name=name,
                family=Family.GENERIC,
                official=True,
                picture_format="jpg",
                known=False,
            )
        )

    def official(self, owner: str, name: str) -> Target:
        """The target of `POST /v1/models/{owner}/{name}/predictions`.

        Raises:
            Problem: 404 for a community model, which runs by version only.
        """
        model = self.get(owner, name)
        if not model.official:
            raise not_found()
        return Target(model, HIDDEN_VERSION)

    def deployed(self, owner: str, name: str) -> Target:
        """The target of a deployment: the known model of the same last name, else a generic one."""
        self.get(owner, name)
        same_name = (model for model in self._known.values() if model.name == name)
        model = next(same_name, None) or self.get(owner, name)
        return Target(model, model.version, f"{owner}/{name}")

    def referenced(self, reference: str) -> Target:
        """The target of a `version`: 64 hex digits, `owner/name:<64 hex>`, or an official `owner/name`.

        Raises:
            Problem: 422 for anything else, for 64 zeros, and for a community model without a version.
        """
        full_name, _, version = reference.rpartition(":") if ":" in reference else ("", "", reference)
        if VERSION_PATTERN.fullmatch(version):
            return self._by_hex(full_name, version)
        owner, slash, name = reference.partition("/")
        if not slash or not NAME_PATTERN.fullmatch(owner) or not NAME_PATTERN.fullmatch(name):
            raise unknown_version()
        model = self.get(owner, name) if owner != MISSING_OWNER else None
        if model is None or not model.official:
            raise unknown_version()
        return Target(model, HIDDEN_VERSION)

    def version(self, owner: str, name: str, version: str) -> ModelSpec:
        """The model, when `version` is the one the mock gives it.

        Raises:
            Problem: 404 for another version.
        """
        model = self.get(owner, name)
        if model.version != version:
            raise not_found()
        return model

    def _by_hex(self, full_name: str, version: str) -> Target:
        if version == MISSING_VERSION:
            raise unknown_version()
        if full_name:
            owner, _, name = full_name.partition("/")
            if owner == MISSING_OWNER or not NAME_PATTERN.fullmatch(owner) or not NAME_PATTERN.fullmatch(name):
                raise unknown_version()
            return Target(self.get(owner, name), version)
        model = self._by_version.get(version) or self._seen.get(version)
        return Target(model or self.get("mock", f"version-{version[:12]}"), version)

    def _remember(self, model: ModelSpec) -> ModelSpec:
        self._seen[model.version] = model
        while len(self._seen) > MOST_SEEN_VERSIONS:
            self._seen.popitem(last=False)
        return model


def model_json(model: ModelSpec, origin: str) -> dict[str, Any]:
    """The model as `GET /v1/models/{owner}/{name}` shows it."""
    return {
        "url": f"{origin}/{model.full_name}",
        "owner": model.owner,
        "name": model.name,
        "description": model.description or "A model nobody described to the mock",
        "visibility": "public",
        "is_official": model.official,
        "github_url": None,
        "paper_url": None,
        "license_url": None,
        "run_count": 0,
        "cover_image_url": None,
        "default_example": None,
        "latest_version": version_json(model),
    }


def version_json(model: ModelSpec) -> dict[str, Any]:
    """The version of a model with its OpenAPI schema."""
    return {
        "id": model.version,
        "created_at": RELEASED_AT,
        "cog_version": "0.14.1",
        "openapi_schema": openapi_schema(model),
    }


def openapi_schema(model: ModelSpec) -> dict[str, Any]:
    """The schema Cog would publish: `components.schemas.Input` and `.Output`."""
    properties = {field.name: field.schema(order) for order, field in enumerate(model.inputs)}
    inputs: dict[str, Any] = {"type": "object", "title": "Input", "properties": properties}
    if required := [field.name for field in model.inputs if field.required]:
        inputs["required"] = required
    return {
        "openapi": "3.0.2",
        "info": {"title": "Cog", "version": "0.1.0"},
        "paths": {},
        "components": {"schemas": {"Input": inputs, "Output": _output_schema(model.output)}},
    }


def _output_schema(shape: OutputShape) -> dict[str, Any]:
    if shape is OutputShape.TEXT:
        streamed = {"x-cog-array-type": "iterator", "x-cog-array-display": "concatenate"}
        return {"type": "array", "title": "Output", "items": {"type": "string"}, **streamed}
    url = {"type": "string", "format": "uri"}
    return (
        {"type": "array", "title": "Output", "items": url} if shape is OutputShape.LIST else {"title": "Output", **url}
    )
