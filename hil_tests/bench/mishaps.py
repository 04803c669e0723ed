"""Faults of wire, detectors, plant and people beside it: each begins, and each can end."""

from collections.abc import Callable, Mapping
from typing import Any

from drivers.base import Problem
from hil_tests.bench.course import Forecaster
from hil_tests.bench.sensors import SensorFault
from hil_tests.bench.verbs import Order
from hil_tests.bench.wire.bus import SlaveBus
from hil_tests.bench.wire.lines import Line
from hil_tests.bench.wire.meters import MeterBus
from hil_tests.bench.world import World

Undo = Callable[[], None]


class UnknownTargetError(ValueError):
    """A fault of something that is not there."""

    def __init__(self, order: Order, there: Any) -> None:
        names = ", ".join(sorted(map(str, there)))
        super().__init__(f"{order.verb} {order.target}: there are {names}")

    def problem(self, file: str) -> Problem:
        """Give it as a problem of a scenario file."""
        return Problem(file=file, message=str(self), remedy="name one of them")


class Mishaps:
    """Lets things go wrong.

    Args:
        world: The plant and its devices.
        buses: The slaves' buses.
        lines: What leads to them.
        forecaster: The weather service.
    """

    def __init__(
        self,
        world: World,
        buses: Mapping[str, SlaveBus],
        lines: Mapping[str, Line],
        forecaster: Forecaster,
    ) -> None:
        self._world = world
        self._buses = buses
        self._lines = lines
        self._forecaster = forecaster

    def knows(self, order: Order) -> bool:
        """Whether an order is a fault of these."""
        return order.verb in self._makers()

    def begin(self, order: Order) -> Undo:
        """Let a fault begin.

        Args:
            order: Which.

        Returns:
            What ends it.

        Raises:
            UnknownTargetError: There is no such target.
        """
        return self._makers()[order.verb](order)

    def _makers(self) -> dict[str, Callable[[Order], Undo]]:
        wire = dict.fromkeys(("drop", "noise", "delay", "late", "duplicate"), self._wire)
        senses = ("stuck", "missing", "spike", "drift", "swap", "scale")
        return {
            **wire,
            **dict.fromkeys(senses, self._detector),
            "power-off": self._power_off,
            "unplug": self._unplug,
            "trip-pump": self._trip,
            "capacity": self._capacity,
            "burst": self._burst,
            "makeup-limit": self._makeup,
            "stick-valve": self._valve,
            "local": self._local,
            "panel": self._panel,
            "forecast-outage": self._outage,
            "forecast-wrong": self._wrong,
        }

    def _wire(self, order: Order) -> Undo:
        faults = self._bus(order).faults
        name = {"delay": "delay_s", "late": "late_s"}.get(order.verb, order.verb)
        value = float(next(iter(order.settings.values())))
        setattr(faults, name, value)
        return lambda: setattr(faults, name, 0.0)

    def _power_off(self, order: Order) -> Undo:
        if order.target not in self._world.devices:
            raise UnknownTargetError(order, self._world.devices)
        device = next(d for d in self._world.site.devices if d.device_id == order.target)
        bus, address = self._buses[device.bus_id], device.address
        dead = bus.faults.dead
        own = address if isinstance(bus, MeterBus) else str(int(address))
        dead.add(own)
        return lambda: dead.discard(own)

    def _unplug(self, order: Order) -> Undo:
        self._bus(order)
        line = self._lines[order.target]
        line.unplug()
        return line.plug

    def _bus(self, order: Order) -> SlaveBus:
        if order.target not in self._buses:
            raise UnknownTargetError(order, self._buses)
        return self._buses[order.target]

    def _detector(self, order: Order) -> Undo:
        sensors, settings = self._world.sensors, order.settings
        if order.target not in sensors.names:
            raise UnknownTargetError(order, sensors.names)
        instead = str(settings["with"]) if order.verb == "swap" else None
        if instead is not None and instead not in sensors.names:
            raise UnknownTargetError(order, sensors.names)
        sensors.faults[order.target] = SensorFault(
            since=self._world.second,
            stuck=order.verb == "stuck",
            missing=order.verb == "missing",
            spike=float(settings.get("by", 0.0)),
            drift_per_h=float(settings.get("per_h", 0.0)),
            scale=float(settings.get("factor", 1.0)),
            shown_instead=instead,
        )

        def mended() -> None:
            sensors.faults.pop(order.target, None)

        return mended

    def _at(self, order: Order, index: Mapping[str, int]) -> int:
        if order.target not in index:
            raise UnknownTargetError(order, index)
        return index[order.target]

    def _trip(self, order: Order) -> Undo:
        plant, at = self._world.plant, self._at(order, self._network.pump_index)
        plant.set_pump(at, works=False)
        return lambda: plant.set_pump(at, works=True)

    def _capacity(self, order: Order) -> Undo:
        plant, at = self._world.plant, self._at(order, self._network.plant_index)
        plant.set_capacity(at, float(order.settings["share"]))
        return lambda: plant.set_capacity(at, 1.0)

    def _burst(self, order: Order) -> Undo:
        plant, at = self._world.plant, self._at(order, self._network.pipe_index)
        plant.set_burst(at, float(order.settings["m3_h"]))
        return lambda: plant.set_burst(at, 0.0)

    def _makeup(self, order: Order) -> Undo:
        plant = self._world.plant
        usual = plant.makeup_capacity_m3_h
        plant.set_makeup_capacity(float(order.settings["m3_h"]))
        return lambda: plant.set_makeup_capacity(usual)

    def _valve(self, order: Order) -> Undo:
        plant, at = self._world.plant, self._at(order, self._network.station_index)
        plant.set_valve(at, stuck=True)
        return lambda: plant.set_valve(at, stuck=False)

    def _local(self, order: Order) -> Undo:
        if order.target not in self._world.devices:
            raise UnknownTargetError(order, self._world.devices)
        device = self._world.devices[order.target]
        device.remote = False
        return lambda: setattr(device, "remote", True)

    def _panel(self, order: Order) -> Undo:
        name, _, tag = order.target.partition(".")
        device = self._world.devices.get(name)
        if device is None or tag not in device.held:
            there = [f"{d}.{t}" for d, one in self._world.devices.items() for t in one.held]
            raise UnknownTargetError(order, there)
        device.held[tag] = float(order.settings["value"])
        return lambda: None

    def _outage(self, _order: Order) -> Undo:
        self._forecaster.silent = True
        return lambda: setattr(self._forecaster, "silent", False)

    def _wrong(self, order: Order) -> Undo:
        self._forecaster.wrong_k = float(order.settings["k"])
        return lambda: setattr(self._forecaster, "wrong_k", 0.0)

    @property
    def _network(self) -> Any:
        return self._world.site.district.network
