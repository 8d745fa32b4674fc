"""Whether the allow-list for results lets through where Replicate puts them, and not much more."""

from urllib.parse import urlsplit

from bot.addresses import host_of
from bot.doctor.context import Context
from bot.doctor.finding import Finding, Part
from bot.output_hosts import is_loopback
from bot.settings import Settings
from bot.settings.checks import OFFICIAL_REPLICATE_URL

OUTPUT_HOSTS = Part("output_hosts")

# https://replicate.com/docs/topics/predictions/output-files: on this host or below it
_DELIVERY_HOST = "replicate.delivery"
_DELIVERED = (f"https://{_DELIVERY_HOST}/a.png", f"https://pbxt.{_DELIVERY_HOST}/a.png")


async def check_output_hosts(context: Context) -> Finding:
    """Nothing is asked of anybody: the settings alone tell."""
    return judge_output_hosts(context.settings)


def judge_output_hosts(settings: Settings) -> Finding:
    """What the allow-list means for this Replicate."""
    hosts, api = settings.output_hosts, settings.replicate_base_url or ""
    listed = ", ".join(hosts)
    if settings.replicate_mode == "mock":
        if settings.allowed_outputs.allows(f"{api}/a.png"):
            return OUTPUT_HOSTS.ok(f"results of the mock at {host_of(api)} are let through")
        what = f"results of the mock at {host_of(api)} would be refused"
        return OUTPUT_HOSTS.failed(what, f"add {urlsplit(api).hostname} to OUTPUT_HOSTS")
    if api == OFFICIAL_REPLICATE_URL and not all(map(settings.allowed_outputs.allows, _DELIVERED)):
        what = f"Replicate delivers from {_DELIVERY_HOST}, which is not among {listed}: every result would be refused"
        return OUTPUT_HOSTS.failed(what, f"add {_DELIVERY_HOST} to OUTPUT_HOSTS")
    if wide := [host for host in hosts if is_loopback(host) or "." not in host.strip(".")]:
        what = f"{', '.join(wide)} lets results name this machine, or a whole domain of strangers"
        return OUTPUT_HOSTS.warning(what, "leave only the hosts in OUTPUT_HOSTS that results really come from")
    return OUTPUT_HOSTS.ok(f"results are let through from {listed}")
