"""`heatwarden replay`: what would have been advised in the past, beside what was run."""

import argparse
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from controller.replay.receding import Replayed

_EXAMPLES = """\
examples:
  heatwarden replay sites/old-east --history winter-2025 --json
  heatwarden replay sites/old-east --history winter-2025 --start 2026-01-05T00:00:00+08:00 \\
      --end 2026-01-19T00:00:00+08:00 --every 12 --out replayed --lang zh

The history folder holds weather.csv (the weather as it came, from a week before the start if
possible), setpoints.csv (what was really run: time, id, quantity, value, as `simulate` takes it)
and, if you have it, measured.csv (time, id, quantity, value with indoor_temp_c of buildings;
supply_temp_c, return_temp_c, heat_power_mw of plants), against which the model is compared.

A plan is made every 24 h (--every) from where the advice before it would have left the network,
and is followed until the next. Both courses are judged by the same model in the same weather. The
plans know the weather as it came: a real forecast errs, and saves less. --out writes advised.csv,
which `simulate` takes.

Exit code 0: done; 1: no plan could be certified; 2: an input was refused; 3: DIR cannot be written.
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Describe the command's arguments.

    Args:
        parser: The command's parser.
    """
    parser.epilog = _EXAMPLES
    parser.add_argument("site", metavar="SITE", help="site folder")
    parser.add_argument("--history", required=True, metavar="DIR", help="what was: a folder")
    parser.add_argument("--start", metavar="T", help="instant with offset; the setpoints' first")
    parser.add_argument("--end", metavar="T", help="instant with offset; the setpoints' last")
    parser.add_argument("--every", type=float, default=24.0, metavar="H", help="between plans (24)")
    parser.add_argument("--out", metavar="DIR", help="write what would have been advised")
    parser.add_argument("--lang", choices=("zh", "en"), default="en", help="of the reasons (en)")
    parser.add_argument("--json", action="store_true", help="one JSON object on standard output")


def run(arguments: argparse.Namespace) -> int:
    """Replay.

    Args:
        arguments: The parsed command line.

    Returns:
        0 done, 1 no plan was certified, 2 bad input, 3 the folder can not be written.
    """
    import json
    from pathlib import Path

    from controller.problems import InputError, not_written, report_problems, write_line
    from drivers.base import BadInput

    try:
        done = _replayed(arguments)
    except (InputError, BadInput) as error:
        report_problems(error.problems, as_json=arguments.json)
        return 2
    from controller.replay.outcome import replay_json, write_advised
    from optimizer.model.plan import PlanStatus

    try:
        files = () if arguments.out is None else (write_advised(done, Path(arguments.out)),)
    except OSError as error:
        report_problems([not_written(arguments.out, error)], as_json=arguments.json)
        return 3
    if arguments.json:
        write_line(json.dumps(replay_json(done, files), ensure_ascii=False, allow_nan=False))
    else:
        for line in _lines(done, arguments.lang):
            write_line(line)
    return 0 if any(one.status is PlanStatus.CERTIFIED for one in done.advices) else 1


def _replayed(arguments: argparse.Namespace) -> "Replayed":
    import time
    from datetime import UTC, datetime
    from pathlib import Path

    from controller.problems import one_line
    from controller.site import load_site
    from controller.site_store import instant_of_words, refused

    if not 1.0 <= arguments.every <= 96.0:
        raise refused(f"{arguments.every:g}", "--every makes no sense", "give 1 to 96 h")
    never = datetime.min.replace(tzinfo=UTC)
    since = instant_of_words(arguments.start, never)
    until = instant_of_words(arguments.end, never)
    site = load_site(arguments.site)
    from controller.replay.history import read_history
    from controller.replay.receding import replay
    from optimizer.round import solver_session

    history = read_history(
        site,
        Path(arguments.history),
        None if since == never else since,
        None if until == never else until,
        _tell,
    )
    for warning in history.warnings:
        _tell(one_line(f"warning: {warning}"))
    return replay(history, arguments.every, solver_session(), _tell, time.perf_counter)


def _lines(done: "Replayed", language: str) -> list[str]:
    from zoneinfo import ZoneInfo

    from controller.counted import counted
    from controller.replay.outcome import saved
    from controller.report.reasons import reason_text

    site = done.history.site
    zone = ZoneInfo(site.timezone)
    currency = site.district.prices.currency
    lines = [f"{site.site_id}: {counted(len(done.advices), 'plan')} in the weather as it came"]
    for name, one in (("as it was run", done.verdict_run), ("as advised", done.verdict_advised)):
        exceeded = sum(limit.margin < 0.0 for limit in one.limits)
        lines.append(
            f"{name:<14} cost {one.cost.total:,.0f} {currency}, shortfall "
            f"{one.comfort.shortfall_k_h:,.1f} K h, at most {one.comfort.max_shortfall_k:.2f} K in "
            f"{one.comfort.building_id or 'no building'}, {exceeded} limits exceeded"
        )
    gain = saved(done)
    share = "" if gain["cost_pct"] is None else f" ({gain['cost_pct']:.1f} %)"
    lines.append(f"saved          {gain['cost']:,.0f} {currency}{share}, "
                 f"{gain['shortfall_k_h']:,.1f} K h")  # fmt: skip
    lines += [
        f"measured       {one.quantity}: the model differs by {one.bias:+.2f} {one.unit} in the "
        f"mean, {one.rmse:.2f} {one.unit} RMS, over {one.samples} samples"
        for one in done.agreement
    ]
    for advice in done.advices:
        lines.append(f"{advice.at.astimezone(zone):%Y-%m-%d %H:%M} {advice.status}")
        lines += [f"  {getattr(reason_text(one, zone), language)}" for one in advice.reasons]
    return lines


def _tell(text: str) -> None:
    import sys

    sys.stderr.write(text + "\n")
