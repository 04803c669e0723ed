"""Jobs on a clock that is given: days of them in a moment, each at its time and none twice."""

from collections.abc import Callable
from datetime import datetime, timedelta

from controller.engine.calendar import Calendar, Job, at
from tests.supervisor.test_lockstep import START, Settable, time_service

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def calendar_of(time: Settable) -> tuple[Calendar, list[tuple[str, str]]]:
    told: list[tuple[str, str]] = []
    return Calendar(time, lambda name, wrong: told.append((name, wrong))), told


def noting(time: Settable, ran: list[datetime]) -> Callable[[], None]:
    return lambda: ran.append(time.now())


def test_every_day_every_hour_every_few_seconds_and_once() -> None:
    with time_service() as (time, _):
        calendar, told = calendar_of(time)
        nights: list[datetime] = []
        hours: list[datetime] = []
        often: list[datetime] = []
        once: list[datetime] = []
        calendar.start(
            [
                Job(name="night", work=noting(time, nights), when=at(19, minute=30)),
                Job(name="hour", work=noting(time, hours), when=at(minute=2)),
                Job(name="often", work=noting(time, often), when=20.0),
                Job(name="once", work=noting(time, once), when=None),
            ]
        )
        time.sleep(3 * DAY.total_seconds())
        calendar.stop()
        assert nights == [START + day * DAY + 19.5 * HOUR for day in range(3)]
        assert hours == [START + hour * HOUR + timedelta(minutes=2) for hour in range(72)]
        assert once == [START]
        assert often[:2] == [START + timedelta(seconds=20), START + timedelta(seconds=40)]
        assert len(often) in (12_959, 12_960)  # the last is due at the very end
        assert {wrong for _, wrong in told} == {""}


def test_a_long_run_delays_nobody_and_what_it_missed_is_not_made_up_for() -> None:
    with time_service() as (time, _):
        calendar, _ = calendar_of(time)
        begun: list[datetime] = []
        others: list[datetime] = []

        def long() -> None:
            begun.append(time.now())
            time.sleep(2.5 * HOUR.total_seconds())

        calendar.start(
            [
                Job(name="long", work=long, when=at(minute=2)),
                Job(name="other", work=noting(time, others), when=at(minute=2)),
            ]
        )
        time.sleep(5 * HOUR.total_seconds())
        calendar.stop()
        two_past = [START + hour * HOUR + timedelta(minutes=2) for hour in range(5)]
        assert begun == [two_past[0], two_past[3]]
        assert others == two_past


def test_a_clock_that_is_set_forward_tells_what_it_left_out() -> None:
    with time_service() as (time, _):
        calendar, told = calendar_of(time)
        ran: list[datetime] = []
        calendar.start([Job(name="night", work=noting(time, ran), when=at(19, minute=30))])
        time.sleep(HOUR.total_seconds())
        time.ahead = 20 * HOUR
        time.sleep(HOUR.total_seconds())
        assert told == [("night", "did not run in time")]
        time.sleep(DAY.total_seconds())
        assert ran == [START + DAY + 19.5 * HOUR]


def test_a_clock_that_is_set_back_stops_nothing_that_goes_by_seconds() -> None:
    with time_service() as (time, _):
        calendar, _ = calendar_of(time)
        ran: list[datetime] = []
        calendar.start([Job(name="deliver", work=noting(time, ran), when=20.0)])
        time.ahead = -HOUR
        time.sleep(61.0)
        assert len(ran) == 3


def test_after_the_end_nothing_runs() -> None:
    with time_service() as (time, _):
        calendar, _ = calendar_of(time)
        ran: list[datetime] = []
        calendar.start(
            [
                Job(name="often", work=noting(time, ran), when=20.0),
                Job(name="hour", work=noting(time, ran), when=at(minute=2)),
            ]
        )
        time.sleep(1.0)
        calendar.stop()
        time.sleep(HOUR.total_seconds())
        assert ran == []
