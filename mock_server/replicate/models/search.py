"""Finds known models and collections by words."""

import re
from collections.abc import Iterable

from mock_server.replicate.models.catalogue import KNOWN_MODELS
from mock_server.replicate.models.collections import COLLECTIONS, Collection
from mock_server.replicate.models.spec import ModelSpec

WORD = re.compile(r"\w+")
LONGEST_QUERY = 1000


def matching_models(query: str) -> list[tuple[ModelSpec, float]]:
    """The known models that any word of the query fits, best first, with the share of the words that do."""
    scored = [(model, _score(query, (model.full_name, model.description, *model.tags))) for model in KNOWN_MODELS]
    return sorted((pair for pair in scored if pair[1] > 0), key=lambda pair: -pair[1])


def matching_collections(query: str) -> list[Collection]:
    """The collections that any word of the query fits."""
    return [one for one in COLLECTIONS if _score(query, (one.slug, one.name, one.description)) > 0]


def _score(query: str, texts: Iterable[str]) -> float:
    words = {word.lower() for word in WORD.findall(query[:LONGEST_QUERY])}
    known = " ".join(texts).lower()
    return sum(word in known for word in words) / len(words) if words else 0.0
