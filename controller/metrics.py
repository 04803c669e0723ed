"""What the store tells of a site as Prometheus text; needs no engine beside it."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import generate_latest
from prometheus_client.registry import Collector, CollectorRegistry

from controller.alarms.catalogue import Priority
from controller.modes import Mode
from controller.store.database import Database
from controller.store.journal import Journal
from controller.store.lease import lease_end
from controller.store.present import latest_cycle, published
from controller.store.recommendations import latest
from controller.store.requests import pending

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

Labelled = Iterable[tuple[tuple[str, ...], float]]


def metrics_text(database: Database, now: datetime) -> str:
    """Render what the store holds now.

    Args:
        database: The store.
        now: tz-aware UTC.

    Returns:
        Prometheus text: mode, ages of cycle and safety loop, plan, coldest flat, devices, points,
        alarms, lease and queue. What is not known has no line.

    Raises:
        StoreError: The store failed.
    """
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Found(_families(database, now)))
    return generate_latest(registry).decode("utf-8")


class _Found(Collector):
    """Hands over what has been found already."""

    def __init__(self, families: Iterable[Metric]) -> None:
        self._families = list(families)

    def collect(self) -> Iterator[Metric]:
        return iter(self._families)


def _families(database: Database, now: datetime) -> list[Metric]:
    with database.reading() as connection:
        engine = published(connection, "engine")
        cycle = latest_cycle(connection)
        advice = latest(connection)
        ends_at = lease_end(connection)
        waiting = len(pending(connection))
    unresolved = len(Journal(database, fence=0).open_intents())
    left_s = 0.0 if ends_at is None else max((ends_at - now).total_seconds(), 0.0)
    families = [
        _one("up", "Whether an engine holds the store's lease.", float(left_s > 0.0)),
        _one("lease_seconds", "Time left of the engine's lease.", left_s),
        _one("requests_waiting", "Requests that the engine has not answered.", float(waiting)),
        _one("writes_unresolved", "Writes whose outcome is not known.", float(unresolved)),
    ]
    if engine is not None:
        families += _engine(engine[1], (now - engine[0]).total_seconds())
    if cycle is not None:
        families += _cycle(cycle.outcome, cycle.body, (now - cycle.at).total_seconds())
    if advice is not None:
        families += _advice(advice.body, (now - advice.at).total_seconds())
    return families


def _engine(body: Mapping[str, Any], age_s: float) -> list[Metric]:
    mode, owned = body.get("mode"), (body.get("owned") or {}).get("points", ())
    families = [
        _one("safety_loop_age_seconds", "Since the safety loop last published.", age_s),
        _many("mode", "The mode that is 1.", ("mode",),
              (((one.value,), float(one.value == mode)) for one in Mode)),
        _one("armed", "Whether the automatic mode is armed.", float(bool(body.get("armed")))),
        _one("owned_points", "Points that may be moved.", float(len(owned))),
        _many("points", "Points read, by quality.", ("quality",), _qualities(body)),
        _many("device_failures", "Failures in a row.", ("bus", "device"), _failures(body)),
        _many("alarms", "Alarms on the board.", ("priority", "state"), _alarms(body)),
    ]  # fmt: skip
    coldest = body.get("coldest")
    if coldest is not None:
        families.append(
            _many("coldest_indoor_celsius", "Lowest indoor temperature measured.", ("building",),
                  [((coldest["building_id"],), coldest["indoor_temp_c"])])
        )  # fmt: skip
    return families


def _qualities(body: Mapping[str, Any]) -> Labelled:
    counts: dict[str, int] = {"good": 0}
    for reading in body.get("readings", {}).values():
        counts[reading["quality"]] = counts.get(reading["quality"], 0) + 1
    return [((quality,), float(count)) for quality, count in sorted(counts.items())]


def _failures(body: Mapping[str, Any]) -> Labelled:
    devices = body.get("devices", {})
    return [((one["bus"], name), float(one["failures"])) for name, one in sorted(devices.items())]


def _alarms(body: Mapping[str, Any]) -> Labelled:
    """Count by priority; what is gone and waits to be acknowledged is apart from what is there."""
    counts = {(p.name.lower(), state): 0 for p in Priority for state in ("active", "gone")}
    for alarm in body.get("alarms", []):
        state = "active" if alarm["active"] else "gone"
        counts[Priority(alarm["priority"]).name.lower(), state] += 1
    return [(labels, float(count)) for labels, count in counts.items()]


def _cycle(outcome: str, body: Mapping[str, Any], age_s: float) -> list[Metric]:
    return [
        _one("cycle_age_seconds", "Since the last cycle began.", age_s),
        _one("plan_ok", "Whether the last cycle gave a plan.", float(outcome == "recommended")),
        _many("cycle_outcome", "How the last cycle ended.", ("outcome",), [((outcome,), 1.0)]),
        _one("cycle_seconds", "What the last cycle took.", body.get("took_s")),
        _one("planning_seconds", "What its planning took.", body.get("planning_s")),
    ]


def _advice(body: Mapping[str, Any], age_s: float) -> list[Metric]:
    comfort = body.get("effect", {}).get("comfort", {})
    building = comfort.get("building_id") or ""
    shortfall = comfort.get("max_shortfall_k")
    return [
        _one("recommendation_age_seconds", "Since the newest recommendation.", age_s),
        _many("shortfall_kelvin", "Largest shortfall of a coldest flat that the newest "
              "recommendation predicts.", ("building",),
              [] if shortfall is None else [((building,), shortfall)]),
    ]  # fmt: skip


def _one(name: str, text: str, value: float | None) -> Metric:
    return _many(name, text, (), [] if value is None else [((), value)])


def _many(name: str, text: str, labels: tuple[str, ...], values: Labelled) -> Metric:
    family = GaugeMetricFamily(f"heatwarden_{name}", text, labels=labels)
    for label_values, value in values:
        family.add_metric(label_values, value)
    return family
