"""What a scenario names of its site, looked up before anything runs."""

from collections.abc import Callable, Collection, Mapping
from pathlib import Path

from controller.alarms.catalogue import CATALOGUE
from controller.site import Site, load_site
from drivers.base import Problem
from drivers.profiles import load_profile
from hil_tests.bench.checks import Check
from hil_tests.bench.scenario import Scenario
from hil_tests.bench.scenario_values import Wrongs
from hil_tests.bench.sensors import detectors_of
from hil_tests.bench.session import site_folder
from hil_tests.bench.site_facts import setpoint_ids
from hil_tests.bench.trace import new_trace
from hil_tests.bench.verbs import VERBS, Order

_BUS = ("drop", "noise", "delay", "late", "duplicate", "unplug")
_DETECTOR = ("stuck", "missing", "spike", "drift", "swap", "scale")


def unknown_targets(scenario: Scenario, path: Path) -> list[Problem]:
    """Name what a scenario speaks of and its site does not have.

    Args:
        scenario: The scenario.
        path: Its file, for the problems.

    Returns:
        A problem each.

    Raises:
        InputError: The site itself is wrong.
    """
    wrongs = Wrongs(str(path))
    folder = site_folder(scenario.site)
    if not folder.is_dir():
        wrongs.refuse("site", scenario.site, "village, old-east or a site folder")
        return wrongs.problems
    site = load_site(folder)
    for order in scenario.timeline:
        _look_up(order, site, wrongs)
    for check in scenario.checks:
        _look_up_check(check, site, wrongs)
    return wrongs.problems


def _look_up(order: Order, site: Site, wrongs: Wrongs) -> None:
    named = [order.target] if VERBS[order.verb][0] else []
    if order.verb == "swap":
        named.append(str(order.settings["with"]))
    there = _there(order.verb, site) if named else ()
    for name in named:
        if name not in there:
            key = f"at h = {order.second / 3600.0:g}, {order.verb}"
            wrongs.refuse(key, name, f"one of {', '.join(there)}")


def _there(verb: str, site: Site) -> Collection[str]:
    """What a verb can befall."""
    network = site.district.network
    plant: Mapping[str, Collection[str]] = {
        "trip-pump": network.pump_index,
        "capacity": network.plant_index,
        "burst": network.pipe_index,
        "stick-valve": network.station_index,
    }
    others: Mapping[str, Callable[[Site], Collection[str]]] = {
        **dict.fromkeys(_BUS, lambda one: [bus.bus_id for bus in one.buses]),
        **dict.fromkeys(_DETECTOR, _detectors),
        **dict.fromkeys(
            ("local", "power-off"), lambda one: [device.device_id for device in one.devices]
        ),
        "panel": _panels,
    }
    return plant[verb] if verb in plant else others[verb](site)


def _detectors(site: Site) -> list[str]:
    return [one.name for one in detectors_of(site)]


def _panels(site: Site) -> list[str]:
    return [
        f"{device.device_id}.{tag.name}"
        for device in site.devices
        for tag in load_profile(device.profile_path).tags.values()
        if tag.writable and tag.registers is not None
    ]


def _look_up_alarm(alarm: object, key: str, site: Site, wrongs: Wrongs) -> None:
    """Look up an alarm's code and, where it is named, the point, device or bus it comes from."""
    code, named, source = str(alarm).partition(":")
    rows = (
        [one.point_id for one in site.points],
        [one.device_id for one in site.devices],
        [one.bus_id for one in site.buses],
    )
    sources = [name for ids in rows for name in ids]
    for found, there in ((code, list(CATALOGUE)), (source, sources if named else [source])):
        if found not in there:
            wrongs.refuse(key, alarm, f"one of {', '.join(there)}")


def _look_up_check(check: Check, site: Site, wrongs: Wrongs) -> None:
    """Look up the point, or the name of a series, that an assertion is of."""
    key, options = f"assert {check.name!r}", check.options
    named: list[tuple[str, Collection[str]]] = []
    if "point" in options:
        named.append(("point", setpoint_ids(site)))
    if check.what == "trace" and options["kind"] == "registers":
        named.append(("quantity", _panels(site)))
    elif check.what == "trace" and options["kind"] != "site":
        named.append(("id", new_trace(site.district.network).ids[options["kind"]]))
    elif check.what == "alarms":
        _look_up_alarm(options.get("alarm"), f"{key}.alarm", site, wrongs)
    for option, there in named:
        if options.get(option) not in there:
            wrongs.refuse(f"{key}.{option}", options.get(option), f"one of {', '.join(there)}")
