"""A small site whose plant controller and station are slaves behind a pseudo-terminal."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from drivers.lock import LOCK_FOLDER_VARIABLE
from tests.drivers.wire import Registers, Slave, slave_on_pty
from tests.site.sound import POINTS, SITE_TOML, SOUND, write_site
from tests.terminal import Typed, heatwarden

PASSWORD = "correct horse"
SETPOINT, HEARTBEAT, OUTLET, INDOOR, OUTDOOR, OFFSET = 10, 11, 100, 4, 5, 20
WRITES = (6, 16)
STORE_URL = "sqlite:///heatwarden.db"
CYCLE_S = 5.0
QUICK = ("--cycle", f"{CYCLE_S:g}", "--safety", "0.25")
BUSES = SITE_TOML.split("[[bus]]")[0]
FIELD_TOML = """\
[[bus]]
id = "plant"
kind = "rtu"
port = "{port}"
baudrate = 115200
parity = "N"
stop_bits = 1
timeout_s = 0.1
quiet_s = 0.02

[[device]]
id = "plc1"
bus = "plant"
address = "1"
profile = "plc"

[[device]]
id = "st1"
bus = "plant"
address = "3"
profile = "station"
"""


def signed(value: float) -> int:
    return round(value * 10) & 0xFFFF


def weather_csv(outdoor_c: Callable[[float], float], now: datetime) -> str:
    """Hourly weather from a day ago to three and a half days ahead, by hours from now."""
    start = now.replace(minute=0, second=0, microsecond=0)
    rows = [
        f"{(start + timedelta(hours=hour)).isoformat()},{outdoor_c(hour):.2f},2.0,0"
        for hour in range(-24, 84)
    ]
    return "\n".join(["time,outdoor_temp_c,wind_m_s,ghi_w_m2", *rows]) + "\n"


def files(
    port: str, outdoor_c: Callable[[float], float], writes: bool, now: datetime | None = None
) -> dict[str, str]:
    toml = BUSES + FIELD_TOML.format(port=port)
    toml = toml.replace('["open_meteo", "met_no", "csv"]', '["csv"]')
    if writes:
        toml = toml.replace("writes = false", "writes = true")
    profile = SOUND["devices/plc.toml"].replace("poll_s = 5", "poll_s = 0.3")
    station = SOUND["devices/station.toml"].replace("poll_s = 60", "poll_s = 0.3")
    points = POINTS.replace(",read,,,,,30", ",read,,,,,3").replace(",P1.sp.fb,30", ",P1.sp.fb,3")
    points = points.replace(",read,,,,,600", ",read,,,,,3").replace("_k,read,,,,,", "_k,read,,,,,3")
    return {
        **SOUND,
        "site.toml": toml,
        "points.csv": points,
        "devices/plc.toml": profile,
        "devices/station.toml": station,
        "weather.csv": weather_csv(outdoor_c, datetime.now(UTC) if now is None else now),
    }


@dataclass
class Plant:
    """The devices, the site's folder and whatever engine runs on it."""

    folder: Path
    slave: Slave
    plc: Registers
    station: Registers
    store_url: str = STORE_URL
    engines: list[subprocess.Popen[str]] = field(default_factory=list)

    def run(self, *words: object, typed: Sequence[Typed] = ()) -> subprocess.CompletedProcess[str]:
        return heatwarden(*words, typed=typed)

    def asked(self, *words: object, code: int | None = None, user: str = "wang") -> dict[str, Any]:
        done = self.run(*words, "--user", user, "--json", typed=[PASSWORD])
        assert code is None or done.returncode == code, done.stdout + done.stderr
        found: dict[str, Any] = json.loads(done.stdout)
        return found

    def status(self) -> dict[str, Any]:
        done = self.run("status", self.folder, "--json")
        assert done.returncode in (0, 1), done.stdout + done.stderr
        found: dict[str, Any] = json.loads(done.stdout)
        return found

    def start(self, *words: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "controller.cli", "run", str(self.folder), *words]
        engine = subprocess.Popen(
            command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.engines.append(engine)
        return engine

    def stop(self, engine: subprocess.Popen[str], number: int = signal.SIGTERM) -> tuple[int, str]:
        engine.send_signal(number)
        _, told = engine.communicate(timeout=60)
        return engine.returncode, told

    def until(
        self, true: Callable[[dict[str, Any]], Any], timeout_s: float = 400
    ) -> dict[str, Any]:
        """Wait for something to show in the status."""
        give_up_s = time.monotonic() + timeout_s
        shown: dict[str, Any] = {}
        while time.monotonic() < give_up_s:
            shown = self.status()
            if "mode" in shown and true(shown):
                return shown
            time.sleep(0.1)
        raise AssertionError(f"never came: {json.dumps(shown, ensure_ascii=False)[:3000]}")

    def writes(self) -> list[bytes]:
        """Write frames to the setpoints; the heartbeat is none."""
        frames = [frame for frame in self.slave.heard if frame[1] in WRITES]
        return [f for f in frames if not (f[0] == 1 and f[2:4] == HEARTBEAT.to_bytes(2))]


@contextlib.contextmanager
def plant(
    folder: Path,
    outdoor_c: Callable[[float], float] = lambda hour: -5.0,
    *,
    writes: bool = False,
    store_url: str = STORE_URL,
) -> Iterator[Plant]:
    """Yield a plant that holds 90 degC at -5 degC outside."""
    plc, station = Registers(), Registers()
    plc.holding[SETPOINT], plc.holding[HEARTBEAT] = signed(90.0), 0
    plc.input[OUTLET] = signed(90.0)
    station.holding[OFFSET] = 0
    station.input[INDOOR], station.input[OUTDOOR] = signed(19.5), signed(outdoor_c(0))
    with slave_on_pty({1: plc, 3: station}) as (port, slave):
        tables = files(port, outdoor_c, writes)
        toml = tables["site.toml"].replace(STORE_URL, store_url)
        # A plan takes half as long.
        tables["site.toml"] = toml.replace("horizon_h = 48", "horizon_h = 24")
        own = Plant(write_site(folder / "site", tables), slave, plc, station, store_url)
        os.environ[LOCK_FOLDER_VARIABLE] = str(folder)
        try:
            yield own
        finally:
            del os.environ[LOCK_FOLDER_VARIABLE]
            for engine in own.engines:
                if engine.poll() is None:
                    engine.kill()
                engine.communicate()


def with_users(own: Plant) -> None:
    for name, role in (("wang", "engineer"), ("li", "operator"), ("guest", "viewer")):
        done = own.run("user", "add", name, "--role", role, own.folder, typed=[PASSWORD])
        assert done.returncode == 0, done.stderr
