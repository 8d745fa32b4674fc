"""The table of checks, in the order in which people read them."""

from bot.doctor.base_url import BASE_URL, check_base_url
from bot.doctor.clock import CLOCK, check_clock
from bot.doctor.collector import COLLECTOR, check_collector
from bot.doctor.examination import Check
from bot.doctor.lifecycle import LIFECYCLE, check_lifecycle
from bot.doctor.output_hosts import OUTPUT_HOSTS, check_output_hosts
from bot.doctor.presets import PRESETS, check_presets
from bot.doctor.presigned_url import PRESIGNED_URL, check_presigned_url
from bot.doctor.queue import QUEUE, check_queue
from bot.doctor.replicate import REPLICATE, WEBHOOK_SECRET, check_replicate, check_webhook_secret
from bot.doctor.storage import CONDITIONAL_WRITES, STORAGE, check_conditional_writes, check_storage
from bot.doctor.telegram import TELEGRAM, WEBHOOK, check_telegram, check_webhook

CHECKS = (
    Check(TELEGRAM, check_telegram),
    Check(WEBHOOK, check_webhook, needs=TELEGRAM),
    Check(BASE_URL, check_base_url),
    Check(STORAGE, check_storage),
    Check(LIFECYCLE, check_lifecycle, needs=STORAGE),
    Check(CONDITIONAL_WRITES, check_conditional_writes, needs=STORAGE),
    Check(PRESIGNED_URL, check_presigned_url, needs=STORAGE),
    Check(REPLICATE, check_replicate),
    Check(WEBHOOK_SECRET, check_webhook_secret, needs=REPLICATE),
    Check(PRESETS, check_presets, needs=REPLICATE),
    Check(OUTPUT_HOSTS, check_output_hosts),
    Check(QUEUE, check_queue),
    Check(COLLECTOR, check_collector),
    Check(CLOCK, check_clock),
)
