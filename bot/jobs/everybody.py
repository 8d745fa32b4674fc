"""`People` where nobody has limits of their own."""

from bot.jobs.ports import PersonLimits


class Everybody:
    """The settings hold for all."""

    async def limits_for(self, user: str) -> PersonLimits:
        """As everybody."""
        return PersonLimits()
