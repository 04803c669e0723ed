"""The state filter in the engine: what it leaves out is an alarm, what it knows is published."""

from typing import Any

from controller.alarms.board import Cause
from controller.engine.core import Core
from controller.engine.observer import ModelRun
from controller.knowing.leak_watch import LeakWatch
from controller.knowing.state_filter import StateFilter, Sureness
from controller.outcome_json import number
from controller.site import Site
from controller.store.errors import StoreError
from controller.store.present import publish
from optimizer.estimate.bad_data import BadSensor
from optimizer.estimate.standing_valves import is_at_bound, worth_a_visit
from optimizer.model.state import PlantState

PUBLISHED_AS = "estimate"


def watched_state(core: Core) -> StateFilter:
    """Make the state port of an engine.

    Args:
        core: The engine's shared part.

    Returns:
        The filter; every state that it gives is published, every sensor left out an alarm, and so
        is a leak.
    """
    site = core.tables.site
    leaks = LeakWatch(site, core.database)

    def tell(state: PlantState, sureness: Sureness, run: ModelRun | None) -> None:
        core.causes["sensors"] = tuple(
            Cause(code="point_bad", source=one.sensor, detail=_detail(one))
            for one in sureness.left_out
        )
        try:
            core.causes["leak"] = leaks.look(sureness.at, sureness.missed_bar, run)
            with core.database.writing() as connection:
                publish(connection, PUBLISHED_AS, estimate_json(site, state, sureness), sureness.at)
        except StoreError as error:
            core.store_failed(error)

    return StateFilter(site, core.tables.elements, tell)


def estimate_json(site: Site, state: PlantState, sureness: Sureness) -> dict[str, Any]:
    """A state as plain data.

    Args:
        site: The site.
        state: The state.
        sureness: How sure it is.

    Returns:
        Indoor temperature and its standard deviation by building; supply, return and what its
        valve lets through by station; the fixed valves worth a visit, and the sensors left out.
    """
    network = site.district.network
    return {
        "buildings": {
            building.building_id: {
                "indoor_temp_c": number(round(float(state.indoor_temp_c[b]), 2)),
                "spread_k": number(round(float(sureness.indoor_k[b]), 2)),
                "loss_share": number(round(float(sureness.loss_share[b]), 3)),
            }
            for b, building in enumerate(network.buildings)
        },
        "stations": {
            station.station_id: {
                "supply_temp_c": number(
                    round(float(state.supply_node_temp_c[network.node_index[station.node_id]]), 2)
                ),
                "return_temp_c": number(round(float(state.station_return_temp_c[s]), 2)),
                "valve_share": number(round(float(sureness.valve_share[s]), 3)),
            }
            for s, station in enumerate(network.stations)
        },
        "valves_off": [
            {
                "station_id": network.stations[s].station_id,
                "share": round(float(sureness.valve_share[s]), 3),
                "at_bound": is_at_bound(float(sureness.valve_share[s])),
            }
            for s in worth_a_visit(sureness.valve_share)
        ],
        "left_out": [
            {"sensor": one.sensor, "fault": one.fault.value, "detail": _detail(one)}
            for one in sureness.left_out
        ],
    }


def _detail(one: BadSensor) -> str:
    more = "" if one.factor is None else f", by a factor of {one.factor:.2f}"
    more += "" if one.with_sensor is None else f" with {one.with_sensor}"
    return f"{one.fault}{more}: says {one.measured:.1f}, {one.expected:.1f} is expected"
