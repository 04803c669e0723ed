"""Recommendations, which never change, and what people decided about them."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, insert, select
from sqlalchemy.exc import IntegrityError

from controller.store.errors import AlreadyDecided
from controller.store.tables import DECISIONS, RECOMMENDATIONS


@dataclass(frozen=True, kw_only=True)
class StoredRecommendation:
    """A recommendation: `body` is what `controller.approvals` makes of a plan, as JSON holds it."""

    recommendation_id: str
    at: datetime
    expires_at: datetime
    input_hash: str
    body: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class Decision:
    """What somebody decided about a recommendation: approved, rejected or superseded."""

    recommendation_id: str
    at: datetime
    verdict: str
    actor: str
    note: str


def record(connection: Connection, recommendation: StoredRecommendation) -> None:
    """Keep a recommendation.

    Args:
        connection: From `Database.writing`.
        recommendation: What is recommended.
    """
    connection.execute(
        insert(RECOMMENDATIONS).values(
            recommendation_id=recommendation.recommendation_id,
            at=recommendation.at,
            expires_at=recommendation.expires_at,
            input_hash=recommendation.input_hash,
            body=json.dumps(dict(recommendation.body), ensure_ascii=False, sort_keys=True),
        )
    )


def latest(connection: Connection) -> StoredRecommendation | None:
    """Give the newest recommendation.

    Args:
        connection: Any connection to the core.

    Returns:
        The recommendation, or None before the first.
    """
    query = select(RECOMMENDATIONS).order_by(RECOMMENDATIONS.c.seq.desc()).limit(1)
    row = connection.execute(query).mappings().one_or_none()
    return None if row is None else _recommendation(row)


def by_id(connection: Connection, recommendation_id: str) -> StoredRecommendation | None:
    """Look a recommendation up.

    Args:
        connection: Any connection to the core.
        recommendation_id: Its id.

    Returns:
        The recommendation, or None where there is none.
    """
    query = select(RECOMMENDATIONS).where(RECOMMENDATIONS.c.recommendation_id == recommendation_id)
    row = connection.execute(query).mappings().one_or_none()
    return None if row is None else _recommendation(row)


def decide(connection: Connection, decision: Decision) -> None:
    """Decide about a recommendation, once and as a whole.

    Args:
        connection: From `Database.writing`.
        decision: What was decided.

    Raises:
        AlreadyDecided: Somebody was before.
    """
    try:
        connection.execute(
            insert(DECISIONS).values(
                {name: getattr(decision, name) for name in Decision.__dataclass_fields__}
            )
        )
    except IntegrityError as error:
        raise AlreadyDecided(
            f"recommendation {decision.recommendation_id} has been decided before"
        ) from error


def decision_on(connection: Connection, recommendation_id: str) -> Decision | None:
    """Look up what was decided.

    Args:
        connection: Any connection to the core.
        recommendation_id: The recommendation's id.

    Returns:
        The decision, or None where nobody has decided.
    """
    query = select(DECISIONS).where(DECISIONS.c.recommendation_id == recommendation_id)
    row = connection.execute(query).mappings().one_or_none()
    return None if row is None else Decision(**row)


def recommendations_of(
    connection: Connection, since: datetime, until: datetime
) -> tuple[tuple[StoredRecommendation, Decision | None], ...]:
    """Give the recommendations of a stretch of time with what was decided, oldest first.

    Args:
        connection: Any connection to the core.
        since: First instant, tz-aware.
        until: The instant before which it ends, tz-aware.

    Returns:
        Each recommendation with its decision, None where nobody has decided.
    """
    within = (RECOMMENDATIONS.c.at >= since) & (RECOMMENDATIONS.c.at < until)
    query = select(RECOMMENDATIONS).where(within).order_by(RECOMMENDATIONS.c.seq)
    ids = select(RECOMMENDATIONS.c.recommendation_id).where(within)
    decided = select(DECISIONS).where(DECISIONS.c.recommendation_id.in_(ids))
    decisions = {row["recommendation_id"]: Decision(**row)
                 for row in connection.execute(decided).mappings()}  # fmt: skip
    return tuple(
        (_recommendation(row), decisions.get(row["recommendation_id"]))
        for row in connection.execute(query).mappings()
    )


def _recommendation(row: RowMapping) -> StoredRecommendation:
    return StoredRecommendation(
        recommendation_id=row["recommendation_id"],
        at=row["at"],
        expires_at=row["expires_at"],
        input_hash=row["input_hash"],
        body=json.loads(row["body"]),
    )
