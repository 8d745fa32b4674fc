"""Which model a reference means."""

from collections import OrderedDict
from dataclasses import dataclass

from mock_server.replicate.models.catalogue import KNOWN_MODELS
from mock_server.replicate.models.spec import Family, ModelSpec
from mock_server.replicate.problems import not_found, unknown_version
from mock_server.replicate.wire_format import NAME_PATTERN, VERSION_PATTERN

MISSING_OWNER = "missing"
"""Every model of this owner does not exist: the way to get a 404."""
MISSING_VERSION = "0" * 64
"""The version that no model has: the way to get a 422."""
HIDDEN_VERSION = "hidden"
"""What predictions of an official model show as their version."""
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

    def deployed(self, owner: str, name: str) -> ModelSpec:
        """The model behind a deployment nobody created: the known one of the same last name, else a generic one.

        Raises:
            Problem: as `get`.
        """
        generic = self.get(owner, name)
        same_name = (model for model in self._known.values() if model.name == name)
        return next(same_name, generic)

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
