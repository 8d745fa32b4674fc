"""Whether the engine that several processes share answers."""

from contextlib import aclosing

from bot.doctor.finding import Finding, Part
from bot.doctor.surroundings import Surroundings, host_of

QUEUE = Part("queue")

_TIMEOUT_S = 4.0


async def check_queue(surroundings: Surroundings) -> Finding:
    """Whether it takes our credentials and answers a PING."""
    url = surroundings.settings.queue_url
    if url is None:
        return QUEUE.ok("not set: the work is done in one process")
    from redis.exceptions import AuthenticationError, NoPermissionError, RedisError, ResponseError  # noqa: PLC0415 - as below

    host = host_of(url.get_secret_value())
    try:
        await _ping(url.get_secret_value())
    except (AuthenticationError, NoPermissionError, ResponseError) as error:
        what = f"{host} refuses our credentials ({type(error).__name__})"
        return QUEUE.failed(what, "correct user and password in QUEUE_URL")
    except (RedisError, OSError) as error:
        what = f"{host} cannot be reached ({type(error).__name__})"
        return QUEUE.failed(what, "start Redis or Valkey there, or correct QUEUE_URL")
    except (ValueError, TypeError):  # what the client makes of options in the URL that it does not know
        return QUEUE.failed("the options in QUEUE_URL are not the client's", "leave only host, port and database in it")
    return QUEUE.ok(f"Redis or Valkey answers at {host}")


async def _ping(url: str) -> None:
    from redis.asyncio import Redis  # noqa: PLC0415 - needed with a queue only
    from redis.asyncio.retry import Retry  # noqa: PLC0415
    from redis.backoff import NoBackoff  # noqa: PLC0415

    once = Retry(NoBackoff(), 0)
    client = Redis.from_url(url, socket_timeout=_TIMEOUT_S, socket_connect_timeout=_TIMEOUT_S, retry=once)
    async with aclosing(client):
        await client.ping()  # type: ignore[misc]  # the client's types serve its blocking twin too
