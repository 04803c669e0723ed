"""A demonstration drives a simulated plant: a site that names a real port is refused."""

from pathlib import Path
from urllib.parse import urlsplit

from controller.site import SITE_FILE, Site
from controller.sitefiles.parts import Bus
from drivers.base import Problem

LOOPBACK = ("127.0.0.1", "localhost", "::1")
PSEUDO_TERMINALS = Path("/dev/pts")


def real_ports(site: Site) -> list[Problem]:
    """Name the buses of a site that lead to something real.

    Args:
        site: The site.

    Returns:
        A problem each; none where all of them are pseudo-terminals or ports of this machine.
    """
    return [
        Problem(
            file=SITE_FILE,
            value=bus.port or f"{bus.host}:{bus.tcp_port}",
            message=f"bus {bus.bus_id} is real: a demonstration writes to no plant",
            remedy="run without --demo, or name a pseudo-terminal or a port of this machine",
        )
        for bus in site.buses
        if not _is_simulated(bus)
    ]


def _is_simulated(bus: Bus) -> bool:
    if bus.port is None:
        return bus.host in LOOPBACK
    if "://" in bus.port:
        return urlsplit(bus.port).hostname in LOOPBACK
    return PSEUDO_TERMINALS in Path(bus.port).resolve().parents
