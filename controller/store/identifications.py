"""What each lever has been seen to do in an identification test; any change of it voids that."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, insert, select

from controller.store.tables import IDENTIFICATIONS


@dataclass(frozen=True, kw_only=True)
class Identification:
    """One test of one lever.

    `fingerprint` is a hash of point, profile and bus as they were; `body` what was measured.
    """

    at: datetime
    point_id: str
    fingerprint: str
    actor: str
    passed: bool
    body: Mapping[str, Any]


def record_identification(connection: Connection, found: Identification) -> None:
    """Keep a test, passed or not.

    Args:
        connection: From `Database.writing`.
        found: What was found.
    """
    row = {name: getattr(found, name) for name in Identification.__dataclass_fields__}
    row["body"] = json.dumps(dict(found.body), ensure_ascii=False, allow_nan=False)
    connection.execute(insert(IDENTIFICATIONS).values(row))


def latest_identifications(connection: Connection) -> dict[str, Identification]:
    """Give the last test of each lever.

    Args:
        connection: Any connection to the core.

    Returns:
        By point.
    """
    last = select(func.max(IDENTIFICATIONS.c.seq)).group_by(IDENTIFICATIONS.c.point_id)
    query = select(IDENTIFICATIONS).where(IDENTIFICATIONS.c.seq.in_(last))
    return {
        row.point_id: Identification(
            at=row.at,
            point_id=row.point_id,
            fingerprint=row.fingerprint,
            actor=row.actor,
            passed=row.passed,
            body=json.loads(row.body),
        )
        for row in connection.execute(query)
    }
