"""Leaks watched from cycle to cycle: a lasting rise of the make-up is an alarm, with its place."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import numpy as np

from controller.alarms.board import Cause
from controller.engine.observer import ModelRun
from controller.knowing.kept_pressures import keep, recalled
from controller.knowing.leak_points import makeup_points, pressure_stations
from controller.knowing.leak_words import WhyNot, place_line
from controller.knowing.pressure_memory import COMPARED, PressureMemory
from controller.site import Site
from controller.store.database import Database
from controller.store.present import publish, published
from controller.store.telemetry import readings_of
from drivers.base import Quality, Reading
from optimizer.estimate.leak_places import Signatures, leak_signatures, ranked_places, shortlist
from optimizer.estimate.leaks import goes_on, notice_another, notice_leak
from optimizer.model.arrays import FloatArray
from optimizer.model.network import Network

STEP = timedelta(minutes=15)
LOOKED_BACK = timedelta(days=3)
# After so long what is lost is usual.
LONGEST = timedelta(days=14)
PUBLISHED_AS = "leaks"
LEAST_STATIONS = 3
SHARE_OF_LENGTH = 0.2


@dataclass(frozen=True, kw_only=True, slots=True)
class Suspicion:
    """A leak that is suspected.

    Attributes:
        point_id: The make-up meter that shows it.
        began: tz-aware UTC.
        usual_m3_h: Make-up before it.
        size_m3_h: By how much that has risen.
        why_not: Why it has no place, one of WhyNot; empty where it has.
        pipes: Where it may be, the likeliest first: a fifth of the network's length.
        stations: How many stations' pressures say so.
        settled: Whether that stays as it is.
        further: Whether it began while another was suspected.
    """

    point_id: str
    began: datetime
    usual_m3_h: float
    size_m3_h: float
    why_not: str = WhyNot.TOO_EARLY
    pipes: tuple[str, ...] = ()
    stations: int = 0
    settled: bool = False
    further: bool = False

    @property
    def cause(self) -> Cause:
        """Its alarm."""
        size = f"{self.size_m3_h:+.2f} m3/h since {self.began:%Y-%m-%d %H:%M}Z"
        detail = f"{size}; {place_line(self.why_not, self.pipes)}"
        source = self.point_id
        if self.further:
            source += f" {self.began:%Y-%m-%d %H:%M}Z"
        return Cause(code="leak_suspected", source=source, detail=detail)


class LeakWatch:
    """Looks for leaks and places them, cycle by cycle; what is suspected survives a restart.

    Args:
        site: The site.
        database: The store.
    """

    def __init__(self, site: Site, database: Database) -> None:
        self._site = site
        self._database = database
        self._pressures = PressureMemory(len(site.district.network.stations))
        self._signatures: dict[tuple[str, datetime], Signatures] = {}
        # None until what was suspected before a restart has been recalled.
        self._suspected: tuple[Suspicion, ...] | None = None

    def look(
        self, now: datetime, missed_bar: FloatArray, run: ModelRun | None
    ) -> tuple[Cause, ...]:
        """Look at the make-up of the last days and at what the pressures have changed by.

        Args:
            now: tz-aware UTC.
            missed_bar: Measured minus modelled pressures at the stations, supply then return, NaN
                where unknown, shape (2 stations,).
            run: The model's run up to now, None where there is none.

        Returns:
            One cause for each time that a make-up meter has risen for good.

        Raises:
            StoreError: The store failed.
        """
        known = self._recall(now) if self._suspected is None else self._suspected
        self._pressures.remember(now, missed_bar)
        found = [
            one
            for meter in makeup_points(self._site)
            for one in self._suspicions(meter, [o for o in known if o.point_id == meter], now)
        ]
        self._suspected = tuple(self._placed(one, now, run) for one in found)
        running = {(one.point_id, one.began) for one in found}
        self._signatures = {key: one for key, one in self._signatures.items() if key in running}
        with self._database.writing() as connection:
            publish(connection, PUBLISHED_AS, leaks_json(self._site, self._suspected), now)
            keep(connection, self._pressures.ended(now))
        return tuple(one.cause for one in self._suspected)

    def _recall(self, now: datetime) -> tuple[Suspicion, ...]:
        with self._database.reading() as connection:
            found = published(connection, PUBLISHED_AS)
            self._pressures.recall(recalled(connection, now))
        pipes = self._site.district.network.pipe_index
        known = () if found is None else found[1]["suspected"]
        return tuple(_recalled(one, pipes) for one in known)

    def _suspicions(
        self, meter: str, known: Sequence[Suspicion], now: datetime
    ) -> tuple[Suspicion, ...]:
        """What a meter shows: leaks that were known, while they run, and a new one."""
        with self._database.history() as connection:
            readings = readings_of(connection, meter, now - LOOKED_BACK, now)
        makeup = quarter_hours(readings, now)

        def since(began: datetime) -> FloatArray:
            return makeup[-max((now - began) // STEP, 1) :]

        running = tuple(
            one
            for one in known
            if now - one.began < LONGEST
            and goes_on(since(one.began), one.usual_m3_h, one.size_m3_h)
        )
        looked_at = since(running[-1].began) if running else makeup
        leak = notice_another(looked_at) if running else notice_leak(makeup)
        # One that was mended meanwhile is over.
        if leak is None or not goes_on(looked_at[leak.began :], leak.usual_m3_h, leak.size_m3_h):
            return running
        new = Suspicion(
            point_id=meter,
            began=now - STEP * (len(looked_at) - leak.began),
            usual_m3_h=leak.usual_m3_h,
            size_m3_h=leak.size_m3_h,
            further=bool(running),
        )
        return (*running, new)

    def _placed(self, leak: Suspicion, now: datetime, run: ModelRun | None) -> Suspicion:
        """Say where it is, as long as more pressures make that surer."""
        if leak.settled:
            return leak
        if pressure_stations(self._site) < LEAST_STATIONS:
            return replace(leak, why_not=WhyNot.NO_PRESSURES, settled=True)
        before, after = self._pressures.change_since(leak.began)
        settled = now - leak.began >= COMPARED
        if before is None:
            return replace(leak, why_not=WhyNot.NOT_BEFORE, settled=settled)
        if after is None:
            why_not = WhyNot.SILENT if settled else WhyNot.TOO_EARLY
            return replace(leak, why_not=why_not, settled=settled)
        change = after - before
        stations = int(np.isfinite(change.reshape(2, -1)).any(axis=0).sum())
        if stations < LEAST_STATIONS:
            return replace(leak, why_not=WhyNot.SILENT, settled=settled)
        if run is None:
            return leak
        pipes = self._likeliest(leak, change, run)
        return replace(leak, why_not="", pipes=pipes, stations=stations, settled=settled)

    def _likeliest(self, leak: Suspicion, change: FloatArray, run: ModelRun) -> tuple[str, ...]:
        network = run.network
        key = leak.point_id, leak.began
        if key not in self._signatures:
            self._signatures[key] = leak_signatures(
                network, run.start, run.forecast, run.schedule, leak.size_m3_h
            )
        of_pipes = self._signatures[key]
        ranked = ranked_places(network, of_pipes, change, leak.size_m3_h)
        return shortlist(network, ranked, SHARE_OF_LENGTH)


def leaks_json(site: Site, suspected: Iterable[Suspicion]) -> dict[str, Any]:
    """What is published of leaks.

    Args:
        site: The site.
        suspected: The leaks.

    Returns:
        Make-up meters, how many stations measure pressure, and each leak with its places.
    """
    network = site.district.network
    return {
        "makeup_points": list(makeup_points(site)),
        "stations": len(network.stations),
        "pressure_stations": pressure_stations(site),
        "suspected": [_json(one, network) for one in suspected],
    }


def _json(leak: Suspicion, network: Network) -> dict[str, Any]:
    pipes = [network.pipes[network.pipe_index[name]] for name in leak.pipes]
    return {
        "point_id": leak.point_id,
        "began": leak.began.isoformat(),
        "usual_m3_h": round(leak.usual_m3_h, 3),
        "size_m3_h": round(leak.size_m3_h, 3),
        "why_not": leak.why_not,
        "stations": leak.stations,
        "settled": leak.settled,
        "further": leak.further,
        "places": [
            {
                "pipe_id": pipe.pipe_id,
                "from_node": pipe.from_node,
                "to_node": pipe.to_node,
                "length_m": pipe.length_m,
                "year_laid": pipe.year_laid,
            }
            for pipe in pipes
        ],
    }


def _recalled(found: Mapping[str, Any], pipes: Mapping[str, int]) -> Suspicion:
    """Read a suspicion back; pipes that are gone meanwhile are left out."""
    return Suspicion(
        point_id=found["point_id"],
        began=datetime.fromisoformat(found["began"]),
        usual_m3_h=found["usual_m3_h"],
        size_m3_h=found["size_m3_h"],
        why_not=found["why_not"],
        pipes=tuple(one["pipe_id"] for one in found["places"] if one["pipe_id"] in pipes),
        stations=found["stations"],
        settled=bool(found["places"]),
        # Written by versions that told no second leak apart, it is not there.
        further=found.get("further", False),
    )


def quarter_hours(readings: Sequence[Reading], now: datetime) -> FloatArray:
    """Means of quarter hours up to an instant.

    Args:
        readings: Readings of one point.
        now: tz-aware.

    Returns:
        NaN where nothing good was read, shape (steps,).
    """
    steps = int(LOOKED_BACK / STEP)
    total, count = np.zeros(steps), np.zeros(steps)
    for one in readings:
        step = int((one.time - (now - LOOKED_BACK)) / STEP)
        if one.quality is Quality.GOOD and one.value is not None and 0 <= step < steps:
            total[step] += one.value
            count[step] += 1.0
    return np.asarray(np.where(count > 0.0, total / np.maximum(count, 1.0), np.nan))
