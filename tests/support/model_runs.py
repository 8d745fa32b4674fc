"""A model's run, driven by the mock's own clock."""

from tests.support.waiting import eventually


async def begun(models):
    """The only prediction, once its model runs."""
    await eventually(models.predictions)
    (prediction,) = models.predictions()

    def runs():
        if prediction.status == "starting":  # by little and little: its own wait may not have begun yet
            models.advance(1)
        return prediction.status != "starting"

    await eventually(runs)
    return prediction
