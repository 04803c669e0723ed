"""What reading a site finds: errors, warnings and derived values, collected side by side."""

from dataclasses import dataclass, field

from drivers.base import Problem


@dataclass(frozen=True, kw_only=True, slots=True)
class Derived:
    """A value that the site leaves out, what was put in its place and where that comes from."""

    file: str
    row: int | None
    column: str
    element: str
    value: float | str
    source: str

    def __str__(self) -> str:
        """Give the derived value as one readable line."""
        value = f"{self.value:.5g}" if isinstance(self.value, float) else self.value
        return f"{self.element} {self.column} = {value} ({self.source})"


@dataclass
class Log:
    """Collects while a site is read; a site with errors is refused at the end, not before."""

    errors: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)
    derived: list[Derived] = field(default_factory=list)
