"""The pages' templates."""

from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined, Template

from controller.console.assets import asset_url


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("controller.console", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals["asset"] = asset_url
    return environment


def template(name: str) -> Template:
    """Give a template.

    Args:
        name: Its file below `templates`.

    Returns:
        The template; values are escaped, and one that is missing is an error.
    """
    return _environment().get_template(name)
