"""What buildings got less than the model gave them, since colder water came than it thinks.

A station whose valve is open all the way passes on colder water than its curve asks for. What its
buildings then lack has not been lost to the outdoors: it never came. The model's run is corrected
by it before anything is read from how warm rooms are. Never upwards: a thermometer that reads high
must not make rooms look warmer than they are.
"""

import numpy as np

from optimizer.estimate.heated import AIR_SHARE, Fabric
from optimizer.estimate.rooms_filter import RoomMeasurements
from optimizer.model.arrays import FloatArray, IntArray
from optimizer.physics.compiled import compiled
from optimizer.physics.radiators import radiator_heat_w
from optimizer.physics.rooms import step_response


def warmed_k(
    fabric: Fabric,
    station: IntArray,
    measured: RoomMeasurements,
    modelled: tuple[FloatArray, FloatArray],
    hours: float,
) -> tuple[FloatArray, FloatArray]:
    """Say by how much buildings are colder for the water that came than the model has made them.

    Args:
        fabric: The buildings.
        station: Station of each, shape (buildings,).
        measured: The water that came; where it is not known nothing is said.
        modelled: Air at the end of the model's run, degC, and heat given then, W, each of shape
            (buildings,).
        hours: How long the model ran, h.

    Returns:
        Change of air and of envelope, K, never above zero, each of shape (buildings,).

    Source: EN 442-2:2014 (heat by the water); ISO 13790:2008, annex C (two capacities).
    """
    return _warmed(
        fabric,
        measured.supply_c[station],
        measured.flow_w_k[station] * fabric.flow_share,
        modelled[0],
        modelled[1],
        3600.0 * hours,
    )


@compiled
def _warmed(
    fabric: Fabric,
    supply_c: FloatArray,
    flow_w_k: FloatArray,
    indoor_c: FloatArray,
    given_w: FloatArray,
    seconds: float,
) -> tuple[FloatArray, FloatArray]:
    air, envelope = np.zeros(len(supply_c)), np.zeros(len(supply_c))
    for b in range(len(supply_c)):
        above = supply_c[b] - indoor_c[b]
        if not (np.isfinite(above) and np.isfinite(flow_w_k[b]) and flow_w_k[b] > 0.0):
            continue
        came, _, _ = radiator_heat_w(
            above, flow_w_k[b], fabric.radiator_w[b], fabric.rated_excess_k, fabric.exponent[b]
        )
        capacity, ua = fabric.capacity_j_k[b], fabric.ua_w_k[b]
        aa, ae, ea, ee, by_air, by_envelope = step_response(
            ua, ua, AIR_SHARE * capacity, (1.0 - AIR_SHARE) * capacity, seconds
        )
        more = min(came - given_w[b], 0.0)
        air[b] = more * (by_air - aa * by_air - ae * by_envelope)
        envelope[b] = more * (by_envelope - ea * by_air - ee * by_envelope)
    return air, envelope
