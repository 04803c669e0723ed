"""What runs by the calendar: the only APScheduler. UTC, coalesced, one instance, nothing silent."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from apscheduler.events import EVENT_JOB_ERROR, EVENT_JOB_MAX_INSTANCES, EVENT_JOB_MISSED
from apscheduler.schedulers.background import BackgroundScheduler

from controller.alarms.board import Cause
from controller.alarms.delivery import DeliveryError, due, send
from controller.alarms.settings import Delivery
from controller.engine.core import Core
from controller.store.retention import forget_before

KEPT = timedelta(days=800)  # two winters and the summers between
DELIVER_EVERY_S = 20
GRACE_S = 600


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


def start_jobs(core: Core, delivery: Delivery) -> BackgroundScheduler:
    """Start the calendar.

    Args:
        core: The engine's shared part.
        delivery: Who is told of alarms.

    Returns:
        The scheduler, running.
    """
    scheduler = BackgroundScheduler(
        timezone="UTC",
        job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": GRACE_S},
    )
    messenger = Messenger(core, delivery)
    jobs: tuple[tuple[str, Callable[[], Any], dict[str, Any]], ...] = (
        ("deliver", messenger.deliver, {"trigger": "interval", "seconds": DELIVER_EVERY_S}),
        (
            "retention",
            lambda: forget_before(core.database, core.clock() - KEPT),
            {"trigger": "cron", "hour": 19, "minute": 10},
        ),
    )
    for name, work, when in jobs:
        scheduler.add_job(work, id=name, **when)

    def trouble(event: Any) -> None:
        what = {
            EVENT_JOB_ERROR: f"failed: {getattr(event, 'exception', '')}",
            EVENT_JOB_MISSED: "did not run in time",
            EVENT_JOB_MAX_INSTANCES: "was still running",
        }[event.code]
        cause = Cause(code="job_failed", source=event.job_id, detail=f"{event.job_id} {what}")
        core.causes[f"job {event.job_id}"] = (cause,)

    scheduler.add_listener(trouble, EVENT_JOB_ERROR | EVENT_JOB_MISSED | EVENT_JOB_MAX_INSTANCES)
    scheduler.start()
    return scheduler
