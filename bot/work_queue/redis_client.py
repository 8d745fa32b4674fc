"""Redis or Valkey as several processes share it: one client, bounded in time, that never repeats a call by itself.

All keys of one bot carry the same hash tag, so that scripts over several of them also run on a cluster, and several
bots may share one server. https://redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec/#hash-tags
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import (
    AuthenticationError,
    AuthenticationWrongNumberOfArgsError,
    NoPermissionError,
    RedisError,
    ResponseError,
)

from bot.addresses import why_unreached
from bot.jobs.errors import EngineUnavailableError
from bot.work_queue.engine_errors import EngineRefusedError

CALL_TIMEOUT_S = 5.0
CONNECTIONS = 32

# What a call can end with that is not the caller's doing; a refused script is a fault of ours and passes through.
UNREACHED = (RedisError, OSError, TimeoutError)
_CREDENTIALS_REFUSED = (AuthenticationError, AuthenticationWrongNumberOfArgsError, NoPermissionError)
_MAX_SAID_CHARS = 120


@asynccontextmanager
async def open_redis(url: str) -> AsyncIterator[Redis]:
    """A client of its own pool, closed at the end; nothing is sent yet."""
    pool = BlockingConnectionPool.from_url(
        url,
        max_connections=CONNECTIONS,
        timeout=CALL_TIMEOUT_S,
        socket_timeout=CALL_TIMEOUT_S,
        socket_connect_timeout=CALL_TIMEOUT_S,
        socket_keepalive=True,
        health_check_interval=30,
        retry=Retry(NoBackoff(), 0),
        decode_responses=True,
    )
    client = Redis(connection_pool=pool)
    try:
        yield client
    finally:
        await client.aclose()
        await pool.disconnect()


async def greet(client: Redis) -> None:
    """Make sure that the server takes us.

    Raises:
        EngineRefusedError: it does not, and waiting will not change that.
        EngineUnavailableError: it cannot be reached now.
    """
    try:
        await client.ping()  # type: ignore[misc]  # the client's types serve its blocking twin too
    except _CREDENTIALS_REFUSED as error:
        what = f"the queue engine refuses our credentials ({type(error).__name__})"
        raise EngineRefusedError(what, "correct user and password in QUEUE_URL") from error
    except ResponseError as error:
        said = str(error)[:_MAX_SAID_CHARS]
        if "DB index" in said or "SELECT" in said:
            what = f"the queue engine has not the database that is asked for ({said})"
            raise EngineRefusedError(what, "correct the number after the last slash of QUEUE_URL") from error
        raise EngineRefusedError(f"the queue engine refuses us ({said})", "correct QUEUE_URL") from error
    except UNREACHED as error:
        raise EngineUnavailableError(why_unreached(error)) from error
    except (ValueError, TypeError) as error:  # what the client makes of options in the URL that it does not know
        what = "the options in QUEUE_URL are not the client's"
        raise EngineRefusedError(what, "leave only host, port and database in it") from error


class Keys:
    """The names of everything that one bot keeps in the engine."""

    def __init__(self, bot_id: str) -> None:
        self._root = f"{{darkroom:{bot_id}}}"

    def __call__(self, *parts: str) -> str:
        """The key of these parts."""
        return ":".join((self._root, *parts))
