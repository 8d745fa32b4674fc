import io

import pytest
from PIL import Image

from mock_server.replicate.models.spec import Family
from mock_server.replicate.pictures.order import Options, PaintOrder
from mock_server.replicate.pictures.painting import paint


@pytest.fixture
def painted(tmp_path, picture):
    """Paints and opens the result; keywords that are no field of an order are inputs of the model."""

    def run(family: Family, *, pictures=(picture,), prompt="", seed=1, label="any", picture_format="png", **inputs):
        order = PaintOrder(
            family=family,
            label=label,
            pictures=pictures,
            prompt=prompt,
            seed=seed,
            picture_format=picture_format,
            options=Options(inputs),
        )
        paint(order, tmp_path / "out")
        data = (tmp_path / "out").read_bytes()
        image = Image.open(io.BytesIO(data))
        image.load()
        return image, data

    return run
