"""What a running process is told from outside: to stop for good, or to stop and start anew."""

import asyncio


class RunControl:
    """Given by signals and by the switch on the sandbox's page; to be used on the event loop."""

    def __init__(self) -> None:
        self._told, self._over = asyncio.Event(), asyncio.Event()
        self._pause_s = 0.0

    @property
    def is_over(self) -> bool:
        """Whether it is to stop for good."""
        return self._over.is_set()

    def stop(self) -> None:
        """Stop for good."""
        self._over.set()
        self._told.set()

    def restart(self, pause_s: float) -> None:
        """Stop, and start anew after `pause_s` seconds."""
        self._pause_s = pause_s
        self._told.set()

    async def told(self) -> None:
        """Wait for an order."""
        await self._told.wait()

    async def pause(self) -> None:
        """Wait until it is time to start anew, or until there is nothing to wait for."""
        try:
            async with asyncio.timeout(self._pause_s):
                await self._over.wait()
        except TimeoutError:
            self._told.clear()  # an order to start anew that came meanwhile is fulfilled by this start
