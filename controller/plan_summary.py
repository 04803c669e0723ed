"""What `plan` says at a terminal: costs beside the curve, the next hours' setpoints, and why."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from zoneinfo import ZoneInfo

from controller.planning import PlannedSite
from controller.problems import write_line
from controller.report.numbers import local_time, site_time
from controller.report.reasons import OF_STANDING, reason_text
from controller.report.wording import LIMITS
from controller.terminal_words import column, saying
from optimizer.comparison import ROUNDING
from optimizer.model.arrays import BoolArray, FloatArray
from optimizer.model.network import Network, PumpControl
from optimizer.model.outcome import LimitResult, Reason
from optimizer.model.plan import Plan
from optimizer.standing import pumps_running

Say = Callable[..., str]

# Of which hours setpoints are shown.
SHOWN_H = (0, 1, 2, 3, 6, 12)
# What explains a plan most, where it has it.
MAIN_REASONS = ("preheat", "binding_limit", "driving_fall", "offsets_used", "saving")
NEAR_SHARE = 0.02


def print_summary(
    planned: PlannedSite, language: str, *, as_asked: bool = False, report: str | None = None
) -> None:
    """Print a plan beside its baseline, for people.

    Args:
        planned: The plan with its case.
        language: zh or en.
        as_asked: Whether it is the weather curve because that was asked for.
        report: Where its page was written, if it was.
    """
    plan, site, say = planned.plan, planned.case.site, saying(language)
    zone = ZoneInfo(site.timezone)
    start = site_time(plan.chosen.schedule.start, zone)
    status = say("curve" if as_asked else plan.status.value)
    write_line(say("plan", site=site.site_id, status=status, start=start))
    _print_comparison(plan, site.district.prices.currency, say)
    for line in setpoint_lines(site.district.network, plan, zone, say):
        write_line(line)
    if plan.chosen is plan.baseline and not as_asked:
        write_line(say("is_curve" if plan.chosen.certificate.certified else "nothing_certified"))
    _print_bound(plan, site.district.prices.currency, say)
    for reason in _shown_reasons(plan.reasons):
        text = getattr(reason_text(reason, zone), language)
        write_line(text if reason.code in OF_STANDING else say("main_reason", reason=text))
    for one in plan.chosen.certificate.limits:
        if one.margin < NEAR_SHARE * abs(one.allowed):
            write_line(_limit_line(one, zone, language))
    solve = plan.solve
    write_line(say("effort", rounds=solve.iterations, runs=solve.simulations, s=solve.wall_s))
    write_line(say("no_report") if report is None else say("report", path=report))


def _print_comparison(plan: Plan, currency: str, say: Say) -> None:
    write_line(column("", 28) + column(say("column_plan"), -14) + column(say("column_curve"), -16))
    chosen, usual = plan.chosen.certificate, plan.baseline.certificate
    warm, usually = chosen.comfort, usual.comfort
    rows = (
        ("cost", chosen.cost.total, usual.cost.total),
        ("shortfall", warm.shortfall_k_h, usually.shortfall_k_h),
        ("largest", warm.max_shortfall_k, usually.max_shortfall_k),
        ("mean_end", warm.mean_indoor_end_c, usually.mean_indoor_end_c),
    )
    for name, planned_value, usual_value in rows:
        said = column(say(name, currency=currency), 28)
        write_line(f"{said}{planned_value:>14,.2f}{usual_value:>16,.2f}")


def _print_bound(plan: Plan, currency: str, say: Say) -> None:
    if plan.bound is None:
        return
    write_line(say("least_cost", cost=f"{plan.bound.cost_lower:,.2f}", currency=currency))
    if plan.bound.max_shortfall_lower_k > 0.0:
        write_line(say("least_shortfall", k=plan.bound.max_shortfall_lower_k))


def setpoint_lines(network: Network, plan: Plan, zone: ZoneInfo, say: Say) -> list[str]:
    """Give the next hours' setpoints of plants and pumps.

    Args:
        network: The network.
        plan: The plan.
        zone: The site's time zone.
        say: Says phrases in a language.

    Returns:
        A table: times, then one line for each plant and each pump.
    """
    schedule = plan.chosen.schedule
    steps = [int(hour * 3600 // schedule.step_s) for hour in SHOWN_H]
    steps = [step for step in steps if step < schedule.steps]
    times = [schedule.start + timedelta(seconds=step * schedule.step_s) for step in steps]
    head = [f"{time.astimezone(zone):%H:%M}" for time in times]

    def row(name: str, course: FloatArray, runs: BoolArray) -> str:
        said = [f"{course[k]:.1f}" if runs[k] else say("stands") for k in steps]
        return _line(name, said)

    pumping = pumps_running(network, schedule.runs)
    units = ["%" if pump.control is PumpControl.SPEED else "bar" for pump in network.pumps]
    return [
        _line(say("setpoints"), head),
        *(
            row(f"{plant.plant_id}, °C", schedule.supply_temp_c[i], schedule.runs[i])
            for i, plant in enumerate(network.plants)
        ),
        *(
            row(f"{pump.pump_id}, {unit}", schedule.pump_setpoint[i], pumping[i])
            for i, (pump, unit) in enumerate(zip(network.pumps, units, strict=True))
        ),
    ]


def _line(name: str, cells: Sequence[str]) -> str:
    return column(name, 28) + "".join(column(cell, -8) for cell in cells)


def _shown_reasons(reasons: Sequence[Reason]) -> list[Reason]:
    """The reason that explains most, and whatever is to be stopped and started."""
    by_rank = sorted(
        (one for one in reasons if one.code in MAIN_REASONS),
        key=lambda one: MAIN_REASONS.index(one.code),
    )
    return [*by_rank[:1], *(one for one in reasons if one.code in OF_STANDING)]


def _limit_line(one: LimitResult, zone: ZoneInfo, language: str) -> str:
    """A limit that a plan comes near to, or passes."""
    say = saying(language)
    return say(
        "limit",
        word=say("passes" if one.margin < -ROUNDING else "near"),
        limit=LIMITS[one.limit].zh if language == "zh" else one.limit,
        where=one.where,
        worst=one.worst,
        allowed=one.allowed,
        unit=one.unit,
        at=local_time(one.time, zone),
    )
