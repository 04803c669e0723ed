"""Does more of a limit that binds buy what its marginal value says?

python -m benchmarks.marginal_values [--sites 12] [--hours 24]

Random sites of 4 to 10 stations, short in turn of boiler, hot water, pressure, or boiler in the
cheap hours. The plan's reasons say what one unit more of each limit that binds would buy: warmth
where flats are short, else money. The site is planned anew from its plan's own schedule until that
gains nothing, then with a bit more of one limit (of a pipe's: in the pipes that meet it) and with
half as much. The set of limits that bind is taken to stay where both buy as much per unit, within
LINEAR; what is foretold is compared with what the half bit bought.
"""

import argparse
import sys
from dataclasses import dataclass, replace

import numpy as np

from benchmarks.cases.cities import city, cold_wave, with_boiler
from benchmarks.cases.prices import with_hourly_price
from optimizer.baseline import baseline_schedule, starting_state
from optimizer.model.arrays import frozen
from optimizer.model.forecast import Forecast
from optimizer.model.network import Network, StationControl
from optimizer.model.outcome import LimitKind, Reason
from optimizer.model.plan import Plan
from optimizer.model.policy import District
from optimizer.model.schedule import Schedule
from optimizer.model.state import PlantState
from optimizer.physics.flushing import hottest_c
from optimizer.plan import PlanOptions, plan
from optimizer.round import solver_session
from optimizer.simulate import simulate

# What is tried of each limit, in its unit; of a plant's heat, as a share.
BIT = {
    LimitKind.PLANT_HEAT: 0.01,
    LimitKind.PIPE_TEMP: 0.5,
    LimitKind.PIPE_RAMP: 1.0,
    LimitKind.PIPE_PRESSURE: 0.1,
    LimitKind.MIN_PRESSURE: 0.05,
    LimitKind.BOILING_MARGIN: 0.5,
    LimitKind.VELOCITY: 0.02,
}
SHARES = (1.0, 0.5)
# Values per unit that differ by no more than this share belong to one set of binding limits.
PIPE_FIELD = {
    LimitKind.PIPE_TEMP: "max_temp_c",
    LimitKind.PIPE_RAMP: "max_ramp_k_h",
    LimitKind.PIPE_PRESSURE: "max_pressure_bar",
}
LINEAR = 0.1
WITHIN = 0.1
# What re-planning alone differs by: what buys less is not to be told from nothing.
NOISE_K, NOISE_SHARE = 0.002, 2e-5
# How much colder it is for valves that stand.
COLDER_K = 8.0
ROUNDS = 24
REPEATS = 4


@dataclass(frozen=True, kw_only=True)
class Site:
    """A random site with the weather it is planned for."""

    district: District
    state: PlantState
    weather: Forecast
    name: str


@dataclass(frozen=True, kw_only=True)
class Found:
    """What more of a limit buys, per unit: as foretold, and found with the bit and half of it.

    `least` is what re-planning alone differs by.
    """

    kind: LimitKind
    where: str
    unit: str
    foretold: float
    found: tuple[float, float]
    least: float

    @property
    def stays(self) -> bool:
        """Whether the bit and its half buy as much per unit."""
        whole, half = self.found
        return abs(whole - half) <= LINEAR * max(abs(whole), abs(half)) + self.least

    @property
    def near(self) -> bool:
        """Whether that is what was foretold."""
        return abs(self.foretold - self.found[1]) <= WITHIN * abs(self.found[1]) + self.least


def site_of(number: int, hours: int) -> Site:
    """Draw a site that is short of something.

    Args:
        number: Seed; one of four things is short in turn.
        hours: Horizon.

    Returns:
        The site.
    """
    chance = np.random.default_rng(number)
    stations = int(chance.integers(4, 11))
    built = city(stations, 2, seed=number)
    wave = cold_wave(built, hours)
    colder = replace(wave, outdoor_temp_c=frozen(wave.outdoor_temp_c - COLDER_K))
    state = starting_state(built, wave, None)
    share = float(chance.random())
    match number % 4:
        case 0:
            short_of, built = "boiler", with_boiler(built, 0.55 + 0.15 * share)
        case 1:
            short_of, built = "hot water", _standing(built)
            wave, state = colder, starting_state(built, colder, None)
            hottest = hottest_c(state.supply_contents)
            built = _with_pipes(built, max_temp_c=hottest + 0.5 + 2.0 * share)
        case 2:
            short_of, built = "pressure", _standing(built)
            wave, state = colder, starting_state(built, colder, None)
            pressed_bar = _pressed_bar(built, state, wave)
            built = _with_pipes(built, max_pressure_bar=pressed_bar + 0.05 + 0.2 * share)
        case _:
            short_of, built = "boiler in cheap hours", with_boiler(built, 0.6 + 0.1 * share)
            milder_c = wave.outdoor_temp_c + 8.0
            wave = with_hourly_price(replace(wave, outdoor_temp_c=frozen(milder_c)))
            state = starting_state(built, wave, None)
    return Site(
        district=built, state=state, weather=wave, name=f"{number}: {stations} stations, {short_of}"
    )


def _pressed_bar(district: District, state: PlantState, weather: Forecast) -> float:
    """The highest pressure that the weather curve asks for."""
    trace = simulate(district.network, state, weather, baseline_schedule(district, weather, state))
    return float(np.nanmax(trace.nodes.supply_pressure_bar))


def _with_pipes(district: District, **changed: float) -> District:
    network = district.network
    pipes = tuple(replace(one, **changed) for one in network.pipes)  # type: ignore[arg-type]
    return replace(district, network=replace(network, pipes=pipes))


def _standing(district: District) -> District:
    """Valves that stand, so that hotter water or more of it warms flats."""
    network = district.network
    stations = tuple(
        replace(one, control=StationControl.FIXED, offset_range_k=None) for one in network.stations
    )
    return replace(district, network=replace(network, stations=stations))


def planned(site: Site, district: District, start: Schedule | None) -> Plan:
    """Plan a site, or one that is allowed a bit more."""
    options = PlanOptions(with_bound=False, max_rounds=ROUNDS, start=start)
    return plan(
        district,
        site.state,
        site.weather,
        solver_session(),
        options,
        lambda _line: None,
        lambda: 0.0,
    )


def settled(site: Site) -> Plan:
    """Plan a site again from its own plan until that gains nothing."""
    best = planned(site, site.district, None)
    for _ in range(REPEATS):
        again = planned(site, site.district, best.chosen.schedule)
        if not _gains(again, best):
            break
        best = again
    return best


def _gains(new: Plan, old: Plan) -> bool:
    (short, cost), (short_then, cost_then) = figures(new), figures(old)
    return short < short_then - NOISE_K or (
        short < short_then + NOISE_K and cost < cost_then * (1.0 - NOISE_SHARE)
    )


def figures(found: Plan) -> tuple[float, float]:
    """Largest shortfall, K, and cost, as the judge sees them."""
    judged = found.chosen.certificate
    return judged.comfort.max_shortfall_k, judged.cost.total


def eased(district: District, kind: LimitKind, where: str, by: float) -> District:
    """Allow more of one limit: at one plant, in the pipes that meet a pipe, or in the network.

    Args:
        district: The district.
        kind: Which limit.
        where: Plant or pipe.
        by: How much more, in the limit's unit.

    Returns:
        The district that allows more.
    """
    network, limits = district.network, district.limits
    match kind:
        case LimitKind.PLANT_HEAT:
            plants = tuple(
                replace(one, max_heat_mw=one.max_heat_mw + by) if one.plant_id == where else one
                for one in network.plants
            )
            return replace(district, network=replace(network, plants=plants))
        case LimitKind.PIPE_TEMP | LimitKind.PIPE_RAMP | LimitKind.PIPE_PRESSURE:
            return replace(district, network=_eased_pipes(network, PIPE_FIELD[kind], where, by))
        case LimitKind.VELOCITY:
            limits = replace(limits, max_velocity_m_s=limits.max_velocity_m_s + by)
        case LimitKind.MIN_PRESSURE:
            limits = replace(limits, min_pressure_bar=limits.min_pressure_bar - by)
        case _:
            limits = replace(limits, boiling_margin_k=limits.boiling_margin_k - by)
    return replace(district, limits=limits)


def _eased_pipes(network: Network, field: str, where: str, by: float) -> Network:
    own = network.pipes[network.pipe_index[where]]
    ends = {own.from_node, own.to_node}
    pipes = tuple(
        replace(one, **{field: getattr(one, field) + by})
        if ends & {one.from_node, one.to_node}
        else one
        for one in network.pipes
    )
    return replace(network, pipes=pipes)


def compared(site: Site) -> list[Found]:
    """Plan a site, then with a bit more of each limit that binds; print a line a limit.

    Args:
        site: The site.

    Returns:
        What was foretold and found.
    """
    base = settled(site)
    now, rows = figures(base), []
    for reason in base.reasons:
        if reason.code != "binding_limit" or reason.values["limit"] not in BIT:
            continue
        row = _found(site, base, reason, now)
        rows.append(row)
        print(
            f"| {site.name} | {now[0]:.2f} | {row.kind} {row.where} | {row.foretold:.2f} "
            f"{row.unit} | {row.found[1]:.2f} | {row.found[0]:.2f} | "
            f"{'yes' if row.stays else 'no'} |",
            flush=True,
        )
    return rows


def _found(site: Site, base: Plan, reason: Reason, now: tuple[float, float]) -> Found:
    kind, where = LimitKind(str(reason.values["limit"])), str(reason.values["where"])
    bit = BIT[kind]
    if kind is LimitKind.PLANT_HEAT:
        bit *= float(str(reason.values["allowed"]))
    told_k, told_cost = reason.values["marginal_k"], reason.values["marginal_cost"]
    column = 0 if now[0] > NOISE_K else 1
    told = (told_k, told_cost)[column]
    found = []
    for share in SHARES:
        more = eased(site.district, kind, where, bit * share)
        bought = figures(planned(site, more, base.chosen.schedule))
        found.append((now[column] - bought[column]) / (bit * share))
    return Found(
        kind=kind,
        where=where,
        unit="K" if column == 0 else "CNY",
        foretold=0.0 if told is None else float(str(told)),
        found=(found[0], found[1]),
        least=(NOISE_K, NOISE_SHARE * now[1])[column] / (bit * SHARES[-1]),
    )


def main() -> int:
    """Print a table.

    Returns:
        0.
    """
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sites", type=int, default=12)
    parser.add_argument("--hours", type=int, default=24)
    words = parser.parse_args()
    print(
        "| site | short, K | limit | foretold per unit | found, half the bit | found, the bit "
        "| stays |\n|---|---|---|---|---|---|---|"
    )
    rows = [
        row
        for number in range(1, words.sites + 1)
        for row in compared(site_of(number, words.hours))
    ]
    for unit in ("K", "CNY"):
        stay = [row for row in rows if row.stays and row.unit == unit]
        near = sum(row.near for row in stay)
        print(f"{unit}: {near} of {len(stay)} that stay within {100 * WITHIN:.0f} %")
    return 0


if __name__ == "__main__":
    sys.exit(main())
