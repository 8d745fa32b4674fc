"""The JSON of models and versions, with every key that an official client insists on."""

from typing import Any

from mock_server.replicate.models.schema import openapi_schema
from mock_server.replicate.models.spec import ModelSpec
from mock_server.replicate.wire_format import timestamp

COG_VERSION = "0.14.1"


def model_json(model: ModelSpec, origin: str, run_count: int = 0) -> dict[str, Any]:
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
        "run_count": run_count,
        "cover_image_url": None,
        "default_example": None,
        "latest_version": version_json(model),
    }


def version_json(model: ModelSpec) -> dict[str, Any]:
    """The version of a model with its OpenAPI schema."""
    return {
        "id": model.version,
        "created_at": timestamp(model.released_at),
        "cog_version": COG_VERSION,
        "openapi_schema": openapi_schema(model),
    }
