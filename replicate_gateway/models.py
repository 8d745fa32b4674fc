"""Which model to run: the four ways in which Replicate names one."""

import re
from dataclasses import dataclass
from typing import Self

DEPLOYMENT_PREFIX = "deployment:"

_NAME = r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,126}[A-Za-z0-9])?"
_VERSION = r"[0-9a-f]{64}"
_FORMS = re.compile(
    rf"(?P<bare>{_VERSION})|(?P<deployment>{DEPLOYMENT_PREFIX})?(?P<owner>{_NAME})/(?P<name>{_NAME})(?::(?P<version>{_VERSION}))?"
)


class ModelReferenceError(ValueError):
    """A text that names no model; the message says which forms do."""


@dataclass(frozen=True, slots=True)
class ModelReference:
    """A model, one version of it, or a deployment of ours.

    `official` models (https://replicate.com/docs/topics/models/official-models) run by name, without a version.
    """

    owner: str | None = None
    name: str | None = None
    version: str | None = None
    """64 hexadecimal digits; None runs the latest one."""
    deployment: bool = False
    official: bool = False

    @classmethod
    def parse(cls, text: str, *, official: bool = False) -> Self:
        """The model that `owner/name`, `owner/name:<64 hex>`, `<64 hex>` or `deployment:owner/name` means.

        Raises:
            ModelReferenceError: none of these forms, or one that contradicts `official`.
        """
        found = _FORMS.fullmatch(text.strip())
        if not found or (found["deployment"] and found["version"]):
            forms = f"owner/name, owner/name:<64 hex digits>, <64 hex digits> or {DEPLOYMENT_PREFIX}owner/name"
            raise ModelReferenceError(f"{text[:200]!r} names no model: expected {forms}")
        version, deployment = found["bare"] or found["version"], bool(found["deployment"])
        if official and (version or deployment):
            raise ModelReferenceError(f"{text[:200]!r} cannot be official: official models run by owner/name")
        return cls(found["owner"], found["name"], version, deployment, official)

    @property
    def slug(self) -> str:
        """`owner/name`, or the version id where only that is known."""
        return f"{self.owner}/{self.name}" if self.owner else str(self.version)

    def __str__(self) -> str:
        """The form that `parse` reads."""
        if self.deployment:
            return f"{DEPLOYMENT_PREFIX}{self.slug}"
        return f"{self.slug}:{self.version}" if self.owner and self.version else self.slug
