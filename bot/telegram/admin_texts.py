"""What admins read. Names of statuses, codes and parties are those of the log, so that they can be searched for."""

from datetime import timedelta

from aiogram.types import WebhookInfo

from bot.telegram.admin_queries import AdminQueries, Health
from bot.telegram.wording import text
from storage.job import Job, SlotState

_MAX_SHOWN = 3500  # of Telegram's 4096: a job has at most ten slots, an error of Telegram's may be long
_LOGS_HEAD_CHARS = 8


def health_text(health: Health, webhook: WebhookInfo | None, queries: AdminQueries, locale: str) -> str:
    """The state of the process, of its queue and of everybody outside."""
    figures = health.figures
    lines = [
        text("admin_version", locale, version=health.version, mode=health.mode, up=health.up),
        text("admin_open", locale, n=health.open_jobs),
    ]
    if health.depth:
        depth = health.depth
        lines.append(text("admin_queue", locale, ready=depth.ready, later=depth.later, running=depth.running))
    if health.paused:
        lines.append(text("admin_paused", locale))
    if figures.p50 is not None and figures.p90 is not None:
        p50, p90 = figures.p50, figures.p90
        lines.append(text("admin_speed", locale, p50=p50, p90=p90, count=figures.completed, span=health.counted))
    if health.mode == "real":  # the mock costs nothing
        lines.append(text("admin_spent", locale, usd=f"{figures.usd:.2f}", span=health.counted))
    lines.append(text("admin_counted_since", locale, at=queries.local(queries.tally.since)))
    lines.append(_webhook_line(webhook, queries, locale))
    lines += [f"{'🟢' if state == 'ok' else '🔴'} {party}: {state}" for party, state in health.parties.items()]
    return "\n".join(lines)[:_MAX_SHOWN]


def stats_text(queries: AdminQueries, locale: str) -> str:
    """Two spans of time, or one while no more was counted, and from when on that is."""
    blocks = []
    for span in dict.fromkeys(queries.counted(timedelta(days=days)) for days in (1, 7)):
        figures = queries.tally.last(span)
        lines = [
            text("admin_figures", locale, span=span, jobs=figures.jobs, people=figures.people),
            text(
                "admin_ends",
                locale,
                completed=figures.completed,
                canceled=figures.canceled,
                failed=figures.failed,
            ),
            *(f"  {code}: {count}" for code, count in figures.failures.items()),
        ]
        blocks.append("\n".join(lines))
    blocks.append(text("admin_counted_since", locale, at=queries.local(queries.tally.since)))
    return "\n\n".join(blocks)[:_MAX_SHOWN]


def job_text(job: Job, queries: AdminQueries, locale: str) -> str:
    """A job's record in words: how far it got, what Replicate said, what it took."""
    outcome = job.outcome
    head = f"🔎 {job.code} · {job.status.value}" + (f" · {outcome.code}" if outcome and outcome.code else "")
    lines = [head, f"{job.preset} · {job.origin.user}", text("admin_asked", locale, at=queries.local(job.created_at))]
    if outcome:
        lines.append(text("admin_ended", locale, at=queries.local(outcome.at), took=outcome.at - job.created_at))
    for number, slot in enumerate(job.slots, 1):
        if job.status.terminal and slot.state is SlotState.OPEN:  # nothing was asked of Replicate for it
            continue
        facts = [slot.state.value, slot.failure, slot.prediction_id]
        facts.append(f"{slot.predict_time_s:.1f} s" if slot.predict_time_s is not None else None)
        lines.append(f"{number}. " + " · ".join(fact for fact in facts if fact))
    lines += [f"⏳ {p.step}: {p.code} ({p.attempts})" for p in job.postponed]
    lines.append(job.id)
    return "\n".join([*lines, *_words_of_runs(job, _MAX_SHOWN - len("\n".join(lines)))])[:_MAX_SHOWN]


def _words_of_runs(job: Job, room: int) -> list[str]:
    """What Replicate said of each run and the end of its model's logs, in so many characters."""
    said = [(number, slot) for number, slot in enumerate(job.slots, 1) if slot.error or slot.logs]
    lines = [f"{number}. ⚠️ {slot.error}" for number, slot in said if slot.error]
    logs = [(number, slot.logs) for number, slot in said if slot.logs]
    each = (room - len("\n".join(lines))) // max(1, len(logs)) - _LOGS_HEAD_CHARS
    return lines + [f"{number}. 📜\n{words[-each:]}" for number, words in logs if each > 0]


def _webhook_line(webhook: WebhookInfo | None, queries: AdminQueries, locale: str) -> str:
    if webhook is None:
        return text("admin_webhook_unknown", locale)
    line = text("admin_webhook", locale, url=webhook.url) if webhook.url else text("admin_no_webhook", locale)
    line += "\n" + text("admin_pending", locale, n=webhook.pending_update_count)
    if webhook.last_error_date and webhook.last_error_message:
        at = queries.local(webhook.last_error_date)
        line += "\n" + text("admin_webhook_error", locale, at=at, error=webhook.last_error_message)
    return line
