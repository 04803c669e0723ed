"""Array types shared by the frozen data of the model."""

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]


def frozen(array: npt.ArrayLike) -> FloatArray:
    """Copy values into a read-only array of floats.

    Args:
        array: Anything numpy can read as floats, any shape.

    Returns:
        A contiguous read-only copy.
    """
    copy = np.array(array, dtype=np.float64, order="C")
    copy.setflags(write=False)
    return copy
