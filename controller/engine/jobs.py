"""What runs by the calendar: the only APScheduler. UTC, coalesced, one instance, nothing silent."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from apscheduler.events import (
    EVENT_JOB_ERROR,
    EVENT_JOB_EXECUTED,
    EVENT_JOB_MAX_INSTANCES,
    EVENT_JOB_MISSED,
)
from apscheduler.schedulers.background import BackgroundScheduler

from controller.alarms.board import Cause
from controller.alarms.delivery import DeliveryError, due, send
from controller.alarms.settings import Delivery
from controller.engine.core import Core
from controller.engine.nightly import CalibrationPort, calibrate_nightly, night_hour_utc
from controller.knowing.ahead import Ahead
from controller.store.retention import Policy, keep_to

DELIVER_EVERY_S = 20
GRACE_S = 600
SHIFT, SHIFT_ENDS, REPORTS = timedelta(hours=8), (0, 8, 16), "reports"


class Messenger:
    """Sends what is due, once each.

    Args:
        core: The engine's shared part.
        delivery: Who is told when.
    """

    def __init__(self, core: Core, delivery: Delivery) -> None:
        self._core = core
        self._delivery = delivery
        self._sent: frozenset[str] = frozenset()

    def deliver(self) -> None:
        """Send what is due now; what is not taken is tried again the next time."""
        core = self._core
        site = core.tables.site.name
        failed = []
        for message in due(core.board, self._delivery, self._sent, site, core.clock()):
            try:
                send(message, self._delivery.smtp)
            except DeliveryError as error:
                failed.append(str(error))
                continue
            self._sent |= {message.key}
        if failed:
            cause = Cause(code="job_failed", source="delivery", detail="; ".join(failed))
            core.causes["delivery"] = (cause,)
        else:
            core.causes.pop("delivery", None)


def report_shift(core: Core) -> None:
    """Write the report of the shift that has just ended, in both languages, at a shift's end.

    Args:
        core: The engine's shared part.

    Raises:
        StoreError: The store failed.
        OSError: The report can not be written.
    """
    from controller.report.shift_facts import gather_shift
    from controller.report.shift_report import write_shift

    site = core.tables.site
    now = core.clock().astimezone(ZoneInfo(site.timezone))
    end = now.replace(minute=0, second=0, microsecond=0)
    if end.hour not in SHIFT_ENDS:
        return
    shift = gather_shift(core.database, site, end - SHIFT, end)
    for language in ("zh", "en"):
        write_shift(shift, site, language, site.folder / REPORTS)


def start_jobs(
    core: Core, delivery: Delivery, calibration: CalibrationPort, ahead: Ahead
) -> BackgroundScheduler:
    """Start the calendar.

    Args:
        core: The engine's shared part.
        delivery: Who is told of alarms.
        calibration: What calibrates every night.
        ahead: What learns the hours ahead, every night and at the start.

    Returns:
        The scheduler, running.
    """
    scheduler = BackgroundScheduler(
        timezone="UTC",
        job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": GRACE_S},
    )
    messenger = Messenger(core, delivery)
    night = night_hour_utc(core.tables.site.longitude)
    jobs: tuple[tuple[str, Callable[[], Any], dict[str, Any]], ...] = (
        ("deliver", messenger.deliver, {"trigger": "interval", "seconds": DELIVER_EVERY_S}),
        (
            "retention",
            lambda: keep_to(core.database, Policy(), core.clock()),
            {"trigger": "cron", "hour": night, "minute": 10},
        ),
        (
            "calibration",
            lambda: calibrate_nightly(core, calibration),
            {"trigger": "cron", "hour": night, "minute": 30},
        ),
        ("learning", ahead.train, {"trigger": "cron", "hour": night, "minute": 45}),
        ("learning at the start", ahead.train, {"trigger": "date"}),
        ("report", lambda: report_shift(core), {"trigger": "cron", "minute": 2}),
    )
    for name, work, when in jobs:
        scheduler.add_job(work, id=name, **when)

    def listen(event: Any) -> None:
        if event.code == EVENT_JOB_EXECUTED:
            core.causes.pop(f"job {event.job_id}", None)
            return
        what = {
            EVENT_JOB_ERROR: f"failed: {getattr(event, 'exception', '')}",
            EVENT_JOB_MISSED: "did not run in time",
            EVENT_JOB_MAX_INSTANCES: "was still running",
        }[event.code]
        cause = Cause(code="job_failed", source=event.job_id, detail=f"{event.job_id} {what}")
        core.causes[f"job {event.job_id}"] = (cause,)

    scheduler.add_listener(
        listen,
        EVENT_JOB_EXECUTED | EVENT_JOB_ERROR | EVENT_JOB_MISSED | EVENT_JOB_MAX_INSTANCES,
    )
    scheduler.start()
    return scheduler
