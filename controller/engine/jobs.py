"""What runs by the calendar: alarms told, old readings forgotten, calibration, reports."""

from datetime import timedelta
from zoneinfo import ZoneInfo

from controller.alarms.board import Cause
from controller.alarms.delivery import DeliveryError, due, send
from controller.alarms.settings import Delivery
from controller.engine.calendar import Calendar, Job, at
from controller.engine.core import Core
from controller.engine.nightly import CalibrationPort, calibrate_nightly, night_hour_utc
from controller.knowing.ahead import Ahead
from controller.store.retention import Policy, keep_to
from drivers.timekeeping import Timekeeper

DELIVER_EVERY_S = 20.0
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
    core: Core, delivery: Delivery, calibration: CalibrationPort, ahead: Ahead, time: Timekeeper
) -> Calendar:
    """Start the calendar.

    Args:
        core: The engine's shared part.
        delivery: Who is told of alarms.
        calibration: What calibrates every night.
        ahead: What learns the hours ahead, every night and at the start.
        time: Gives the clocks that the jobs go by.

    Returns:
        The calendar, running; a job that fails is an alarm until it has run well.
    """

    def tell(name: str, wrong: str) -> None:
        if wrong:
            cause = Cause(code="job_failed", source=name, detail=f"{name} {wrong}")
            core.causes[f"job {name}"] = (cause,)
        else:
            core.causes.pop(f"job {name}", None)

    calendar = Calendar(time, tell)
    calendar.start(jobs_of(core, delivery, calibration, ahead))
    return calendar


def jobs_of(
    core: Core, delivery: Delivery, calibration: CalibrationPort, ahead: Ahead
) -> tuple[Job, ...]:
    """List what is done when.

    Args:
        core: The engine's shared part.
        delivery: Who is told of alarms.
        calibration: What calibrates.
        ahead: What learns the hours ahead.

    Returns:
        The jobs.
    """
    night = night_hour_utc(core.tables.site.longitude)
    messenger = Messenger(core, delivery)

    def keep() -> None:
        keep_to(core.database, Policy(), core.clock())

    def calibrate() -> None:
        calibrate_nightly(core, calibration)

    return (
        Job(name="deliver", work=messenger.deliver, when=DELIVER_EVERY_S),
        Job(name="retention", work=keep, when=at(night, minute=10)),
        Job(name="calibration", work=calibrate, when=at(night, minute=30)),
        Job(name="learning", work=ahead.train, when=at(night, minute=45)),
        Job(name="learning at the start", work=ahead.train, when=None),
        Job(name="report", work=lambda: report_shift(core), when=at(minute=2)),
    )
