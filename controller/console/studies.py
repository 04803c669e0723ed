"""What if: plans of a changed copy, computed by a process of its own at low priority.

The process is `heatwarden plan` with its words for studies: it reads the site's files and a weather
file of this moment, prints a plan, and has no way to the store, the engine or a port.
"""

import json
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from controller.console.history import thinned
from controller.console.settings import Console
from controller.console.snapshot import Snapshot

LONGEST_S = 900.0
MOST_KEPT = 20
_PAST = timedelta(days=7)
_LEAST_PAST = 12


@dataclass
class Study:
    """One question and, in the end, its answer.

    Attributes:
        number: Its name.
        by: Who asks.
        words: What is different, as the command's words.
        began_s: When, on the monotonic clock.
        plan: What `heatwarden plan --json` has printed; None until then.
        problem: Why there is none, in the command's words.
    """

    number: int
    by: str
    words: tuple[str, ...]
    began_s: float
    plan: Mapping[str, Any] | None = None
    problem: str = ""
    process: "subprocess.Popen[str] | None" = None

    @property
    def is_running(self) -> bool:
        """Whether it is being computed."""
        return self.plan is None and not self.problem

    @property
    def seconds(self) -> int:
        """How long ago it began."""
        return round(time.monotonic() - self.began_s)


class BusyError(Exception):
    """One is being computed: this machine also runs the engine."""


@dataclass
class Studies:
    """The latest studies; one at a time is computed."""

    kept: dict[int, Study] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def begin(self, console: Console, seen: Snapshot, by: str, words: Sequence[str]) -> Study:
        """Start a study.

        Args:
            console: The console.
            seen: The present, with a recommendation.
            by: Who asks.
            words: What is different, as the command's words.

        Returns:
            The study, running.

        Raises:
            BusyError: Another one is running.
        """
        with self._lock:
            if any(one.is_running for one in self.kept.values()):
                raise BusyError
            number = max(self.kept, default=0) + 1
            study = Study(number=number, by=by, words=tuple(words), began_s=time.monotonic())
            self.kept[number] = study
            for old in sorted(self.kept)[:-MOST_KEPT]:
                del self.kept[old]
        weather = weather_of(console, seen)
        thread = threading.Thread(
            target=_compute, args=(study, console.site.folder, seen, weather), daemon=True
        )
        thread.start()
        return study

    def cancel(self, number: int) -> None:
        """End a study that is being computed.

        Args:
            number: Its number; one that is not there or not running is left alone.
        """
        study = self.kept.get(number)
        if study is not None and study.process is not None and study.is_running:
            study.process.kill()

    def end(self) -> None:
        """End whatever is being computed: the console ends."""
        for number in list(self.kept):
            self.cancel(number)


def weather_of(console: Console, seen: Snapshot) -> str:
    """Write the weather of a recommendation as a file: what was measured, then the forecast.

    Args:
        console: The console.
        seen: The present, with a recommendation.

    Returns:
        CSV, hourly.
    """
    start = datetime.fromisoformat(seen.courses["start"])
    rows = _measured(console, start)
    outdoor, step_s = seen.courses["outdoor"]["p50"], seen.courses["step_s"]
    stride = max(1, round(3600 / step_s))
    rows += [
        (start + timedelta(seconds=i * step_s), outdoor[i]) for i in range(0, len(outdoor), stride)
    ]
    lines = [f"{at.isoformat()},{value:.2f}" for at, value in rows]
    return "\n".join(["time,outdoor_temp_c", *lines]) + "\n"


def _measured(console: Console, start: datetime) -> list[tuple[datetime, float]]:
    """The past on the hours before the start, without a gap; nothing where too little is known."""
    point_id = console.point_of.get(("site", "", "outdoor_temp_c"))
    if point_id is None:
        return []
    known = [
        (at, value)
        for at, value in thinned(console, point_id, start - _PAST, start, 100_000)
        if value is not None
    ]
    rows: list[tuple[datetime, float]] = []
    hour = timedelta(hours=1)
    at = start - hour
    while known and at >= known[0][0]:
        near = min(known, key=lambda one: abs(one[0] - at))
        if abs(near[0] - at) > hour:
            break
        rows.append((at, near[1]))
        at -= hour
    return rows[::-1] if len(rows) >= _LEAST_PAST else []


def _compute(study: Study, folder: Path, seen: Snapshot, weather: str) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / "weather.csv"
        path.write_text(weather, encoding="utf-8")
        steps = (len(seen.courses["outdoor"]["p50"]) - 1) * seen.courses["step_s"]
        command = [
            *([nice, "-n", "19"] if (nice := shutil.which("nice")) else []),
            *(sys.executable, "-m", "controller.cli", "plan", str(folder)),
            *("--weather", str(path), "--start", seen.courses["start"]),
            *("--hours", str(steps // 3600), "--json", *study.words),
        ]
        try:
            study.process = subprocess.Popen(
                command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
            )
            said, _ = study.process.communicate(timeout=LONGEST_S)
        except (OSError, subprocess.TimeoutExpired) as error:
            if study.process is not None:
                study.process.kill()
                study.process.communicate()
            study.problem = str(error)
            return
    _take(study, said, study.process.returncode)


def _take(study: Study, said: str, code: int) -> None:
    try:
        found = json.loads(said)
    except ValueError:
        study.problem = f"ended with {code}"
        return
    if "errors" in found:
        study.problem = "; ".join(f"{one['message']} ({one['value']})" for one in found["errors"])
    else:
        study.plan = found
