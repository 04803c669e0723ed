"""How well a part of a calibration predicts what was held back, before and after."""

from dataclasses import dataclass

import numpy as np

from optimizer.model.arrays import FloatArray


@dataclass(frozen=True, kw_only=True, slots=True)
class PartScore:
    """A part's error on the hours held back, with the network as it was and as fitted.

    `part` is pipes, friction, exchangers, valves, buildings or flats; `why_not` says why one was
    not fitted.
    """

    part: str
    quantity: str
    unit: str
    before: float
    after: float
    why_not: str = ""

    @property
    def better(self) -> bool:
        """Whether the fit is to be kept."""
        return bool(self.after < self.before)


def not_fitted(part: str, quantity: str, unit: str, why_not: str) -> PartScore:
    """Say that a part was not fitted.

    Args:
        part: The part.
        quantity: What would have been compared.
        unit: Its unit.
        why_not: Why.

    Returns:
        The score, which is no better.
    """
    return PartScore(
        part=part, quantity=quantity, unit=unit, before=np.nan, after=np.nan, why_not=why_not
    )


def root_mean_square(missed: FloatArray) -> float:
    """Root mean square of what is known.

    Args:
        missed: Errors, NaN where unknown.

    Returns:
        In the unit of the errors; NaN where nothing is known.
    """
    known = np.isfinite(missed)
    return float(np.sqrt(np.mean(missed[known] ** 2))) if known.any() else float("nan")
