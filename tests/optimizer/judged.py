"""Districts for tests of the judge: sound limits that are changed one at a time."""

from typing import Any

from optimizer.certify import certify
from optimizer.model.network import Network
from optimizer.model.outcome import Certificate, LimitKind, LimitResult
from optimizer.model.policy import Comfort, Control, District, Limits, Prices
from optimizer.model.schedule import Schedule
from optimizer.model.state import PlantState
from tests.optimizer.networks import constant_schedule, constant_weather, state_of


def district(net: Network, prices: dict[str, float] | None = None, **limits: Any) -> District:
    sound: dict[str, Any] = {
        "max_velocity_m_s": 3.0,
        "boiling_margin_k": 5.0,
        "min_pressure_bar": 0.3,
        "max_makeup_m3_h": 2.0,
    }
    free = {"electricity_per_mwh": 0.0, "makeup_per_m3": 0.0}
    return District(
        network=net,
        limits=Limits(**{**sound, **limits}),
        comfort=Comfort(min_indoor_c=18.0, max_indoor_c=24.0),
        prices=Prices(currency="CNY", **{**free, **(prices or {})}),
        control=Control(
            step_s=900,
            horizon_h=24,
            heating_curve=((-20.0, 110.0), (10.0, 65.0)),
            fallback_speed_pct=90.0,
        ),
    )


def verdict(
    subject: District,
    *,
    steps: int = 8,
    schedule: Schedule | None = None,
    state: PlantState | None = None,
    outdoor_c: float = -5.0,
) -> Certificate:
    """Judge constant setpoints in constant weather, or what is given in their place."""
    net = subject.network
    return certify(
        subject,
        state_of(net) if state is None else state,
        constant_weather(net, steps, outdoor_c=outdoor_c),
        constant_schedule(net, steps) if schedule is None else schedule,
    )


def limit(certificate: Certificate, kind: LimitKind) -> LimitResult:
    """The tightest entry of a kind."""
    return next(one for one in certificate.limits if one.limit is kind)
