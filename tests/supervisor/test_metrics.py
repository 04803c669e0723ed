"""Prometheus text from a real store: read back by Prometheus's own parser."""

from datetime import timedelta
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from controller.engine.status import status_of
from controller.metrics import metrics_text
from controller.store import recommendations
from controller.store.database import Database
from controller.store.present import publish, record_cycle
from controller.store.requests import Request, ask
from drivers.base import Quality
from tests.supervisor.conftest import NOW
from tests.supervisor.simulated import simulated

Samples = dict[tuple[str, tuple[str, ...]], float]


def read(database: Database, later: timedelta = timedelta(0)) -> Samples:
    text = metrics_text(database, NOW + later)
    return {
        (sample.name.removeprefix("heatwarden_"), tuple(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_a_store_in_which_nothing_has_run_says_so(database: Database) -> None:
    found = read(database)
    assert found == {
        ("up", ()): 0.0, ("lease_seconds", ()): 0.0,
        ("requests_waiting", ()): 0.0, ("writes_unresolved", ()): 0.0,
    }  # fmt: skip


@pytest.fixture
def found(tmp_path: Path) -> Samples:
    """What a running engine's store shows, a minute after it last published."""
    own = simulated(tmp_path)
    own.field.bad["P1.t"] = Quality.STUCK
    own.field.failing["st1"] = 2
    own.run(60)
    now = own.time.wall()
    with own.database.writing() as connection:
        publish(connection, "engine", status_of(own.core), now)
        record_cycle(connection, now - timedelta(minutes=5), "not_certified",
                     {"took_s": 12.5, "planning_s": 11.0})  # fmt: skip
        recommendations.record(connection, recommendations.StoredRecommendation(
            recommendation_id="r", at=now - timedelta(minutes=20), expires_at=now, input_hash="h",
            body={"effect": {"comfort": {"max_shortfall_k": 0.7, "building_id": "B2"}}},
        ))  # fmt: skip
        ask(connection, Request(actor="li", role="operator", kind="hold", body={}), now)
    samples = read(own.database, now - NOW + timedelta(seconds=60))
    own.database.close()
    return samples


@pytest.mark.parametrize(
    ("name", "labels", "value"),
    [
        ("up", (), 1.0),
        ("mode", ("advisory",), 1.0),
        ("mode", ("hold",), 0.0),
        ("armed", (), 0.0),
        ("owned_points", (), 0.0),
        ("safety_loop_age_seconds", (), 60.0),
        ("cycle_age_seconds", (), 360.0),
        ("plan_ok", (), 0.0),
        ("cycle_outcome", ("not_certified",), 1.0),
        ("cycle_seconds", (), 12.5),
        ("planning_seconds", (), 11.0),
        ("recommendation_age_seconds", (), 1260.0),
        ("shortfall_kelvin", ("B2",), 0.7),
        ("coldest_indoor_celsius", ("B1",), 19.5),
        ("points", ("stuck",), 1.0),
        ("points", ("good",), 4.0),
        ("device_failures", ("plant", "st1"), 2.0),
        ("alarms", ("medium", "active"), 1.0),
        ("alarms", ("critical", "active"), 0.0),
        ("requests_waiting", (), 1.0),
        ("writes_unresolved", (), 0.0),
    ],
)
def test_the_engine_s_present_is_a_number_each(
    found: Samples, name: str, labels: tuple[str, ...], value: float
) -> None:
    assert found[name, labels] == value
