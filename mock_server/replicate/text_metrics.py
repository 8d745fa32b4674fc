"""What a model that writes text adds to the metrics of its prediction.

The names: https://github.com/replicate/replicate-go/blob/main/prediction.go
"""

from collections.abc import Mapping
from typing import Any

LETTERS_PER_TOKEN = 4
TOKENS_PER_PICTURE = 765


def text_metrics(model_input: Mapping[str, Any], pieces: int, took_s: float, first_s: float) -> dict[str, Any]:
    """Counts and rates; tokens of the input are estimated, those of the output are its pieces."""
    texts = [value for value in model_input.values() if isinstance(value, str)]
    pictures = sum(len(value) for value in model_input.values() if isinstance(value, list))
    return {
        "input_token_count": sum(len(text) for text in texts) // LETTERS_PER_TOKEN + pictures * TOKENS_PER_PICTURE,
        "output_token_count": pieces,
        "time_to_first_token": round(first_s, 6),
        "tokens_per_second": round(pieces / took_s, 3) if took_s > 0 else 0.0,
    }
