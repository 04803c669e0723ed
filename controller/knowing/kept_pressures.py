"""The quarter hours of a pressure memory in the store, so that a restart forgets none.

Each has a place of its own by its instant, which the one three days later takes over: the store
does not grow.
"""

from collections.abc import Mapping
from datetime import UTC, datetime

import numpy as np
from sqlalchemy import Connection

from controller.knowing.pressure_memory import KEPT, STEP
from controller.store.present import publish, published
from optimizer.model.arrays import FloatArray, frozen

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_PLACES = KEPT // STEP
# A tenth of a millibar is finer than any gauge.
_DECIMALS = 4


def keep(connection: Connection, quarters: Mapping[datetime, FloatArray]) -> None:
    """Keep quarter hours.

    Args:
        connection: From `Database.writing`.
        quarters: What pressures missed the model by, bar, NaN where unknown, by their begin.
    """
    for begin, missed_bar in quarters.items():
        rounded = np.round(missed_bar, _DECIMALS)
        body = {"missed_bar": [float(one) if np.isfinite(one) else None for one in rounded]}
        publish(connection, _name(begin), body, begin)


def recalled(connection: Connection, now: datetime) -> dict[datetime, FloatArray]:
    """Recall the quarter hours of the last three days.

    Args:
        connection: Any connection to the core.
        now: tz-aware UTC.

    Returns:
        As they were kept.
    """
    found = {}
    for k in range(_PLACES):
        kept = published(connection, _name(now - k * STEP))
        if kept is not None and now - KEPT <= kept[0] <= now:
            found[kept[0]] = frozen(np.array(kept[1]["missed_bar"], dtype=float))
    return found


def _name(at: datetime) -> str:
    return f"pressures {(at - _EPOCH) // STEP % _PLACES}"
