"""The site's ordered weather sources."""

import os

from controller.site import Site
from drivers.weather.met_no import MetNo
from drivers.weather.open_meteo import OpenMeteo
from drivers.weather.sources import CsvSource, WeatherSource


def weather_sources(site: Site) -> tuple[WeatherSource, ...]:
    """Make the sources that `[weather]` of the site names.

    Args:
        site: The site.

    Returns:
        In order of preference; none without `[weather]`.
    """
    return tuple(_source(site, name) for name in (site.weather.sources if site.weather else ()))


def _source(site: Site, name: str) -> WeatherSource:
    settings = site.weather
    assert settings is not None
    if name == "csv":
        assert settings.csv_path is not None
        return CsvSource(settings.csv_path)
    agent = settings.user_agent or "heatwarden"
    if name == "met_no":
        return MetNo(site.latitude, site.longitude, user_agent=agent)
    key = os.environ.get(settings.api_key_env) if settings.api_key_env else None
    return OpenMeteo(
        site.latitude,
        site.longitude,
        ensemble=name == "open_meteo_ensemble",
        api_key=key,
        user_agent=agent,
    )
