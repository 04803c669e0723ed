"""Jobs by the calendar or every so many seconds, in threads that live by the engine's clock.

The times are those of APScheduler's triggers, in UTC. Its schedulers read the machine's clock and
no other; decision 0704.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from apscheduler.triggers.cron import CronTrigger

from drivers.timekeeping import Timekeeper

log = logging.getLogger(__name__)

GRACE = timedelta(minutes=10)
# The wall clock may be set forward while a job waits for it.
LOOKS_S = 600.0
MOMENT = timedelta(microseconds=1)


@dataclass(frozen=True, kw_only=True)
class Job:
    """Something that is done again and again.

    `when` is seconds between two runs, or a time of the day as cron has it; None is once at the
    start.
    """

    name: str
    work: Callable[[], object]
    when: float | CronTrigger | None


def at(hour: int | None = None, *, minute: int) -> CronTrigger:
    """Give a time of every day, or of every hour.

    Args:
        hour: UTC; None for every hour.
        minute: The minute.

    Returns:
        The trigger.
    """
    return CronTrigger(hour=hour, minute=minute, timezone="UTC")


class Calendar:
    """One thread a job: no job waits for another, and none runs twice at a time.

    Args:
        time: Gives the clocks and the threads.
        tell: Receives a job's name and what went wrong with a run; nothing where it went well.
    """

    def __init__(self, time: Timekeeper, tell: Callable[[str, str], None]) -> None:
        self._time = time
        self._tell = tell
        self._ending = time.event()

    def start(self, jobs: Sequence[Job]) -> None:
        """Start jobs.

        Args:
            jobs: With names of their own.
        """
        for job in jobs:
            self._time.start(partial(self._live, job), f"job {job.name}")

    def stop(self) -> None:
        """Let no job begin any more; one that runs is not waited for."""
        self._ending.set()

    def _live(self, job: Job) -> None:
        if job.when is None:
            self._run(job)
        elif isinstance(job.when, CronTrigger):
            self._by_the_calendar(job, job.when)
        else:
            while not self._ending.wait(job.when):
                self._run(job)

    def _by_the_calendar(self, job: Job, trigger: CronTrigger) -> None:
        """Run when it is due; what was missed meanwhile is told and not made up for."""
        due = trigger.get_next_fire_time(None, self._time.now())
        while self._come(due):
            if self._time.now() - due > GRACE:
                self._tell(job.name, "did not run in time")
            else:
                self._run(job)
            due = trigger.get_next_fire_time(None, max(self._time.now(), due + MOMENT))

    def _come(self, due: datetime) -> bool:
        """Wait for an instant; give whether it has come before the end."""
        while (left_s := (due - self._time.now()).total_seconds()) > 0.0:
            if self._ending.wait(min(left_s, LOOKS_S)):
                return False
        return not self._ending.is_set()

    def _run(self, job: Job) -> None:
        try:
            job.work()
        except Exception as error:
            log.exception("job %s", job.name)
            self._tell(job.name, f"failed: {error}")
        else:
            self._tell(job.name, "")
