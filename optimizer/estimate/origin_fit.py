"""A factor of proportionality and its error, from samples that remember each other.

Source: Künsch (1989), doi:10.1214/aos/1176347265 (jackknife by blocks for series that remember).
"""

import numpy as np

from optimizer.model.arrays import FloatArray

BLOCKS = 20


def through_origin(effect: FloatArray, cause: FloatArray) -> tuple[float, float]:
    """Fit effect = factor * cause.

    Args:
        effect: In order of time, shape (samples,).
        cause: Likewise.

    Returns:
        The factor by least squares, large causes counting more, as they are surer, and its
        standard error by a jackknife of blocks.
    """
    whole = _ratio(effect, cause)
    size = len(effect) // BLOCKS or 1
    left_out = [
        _ratio(np.delete(effect, slice(k, k + size)), np.delete(cause, slice(k, k + size)))
        for k in range(0, size * BLOCKS, size)
        if k < len(effect)
    ]
    count = len(left_out)
    error = np.sqrt((count - 1) / count * np.sum((np.array(left_out) - whole) ** 2))
    return whole, float(error)


def _ratio(effect: FloatArray, cause: FloatArray) -> float:
    return float((effect @ cause) / (cause @ cause))
