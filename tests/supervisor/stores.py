"""What tests put into a store."""

from datetime import datetime, timedelta

from controller.store import recommendations
from controller.store.audit import AuditEntry, append_audit
from controller.store.commissions import Commission, record_commission
from controller.store.database import Database
from controller.store.hand_settings import HandSetting, record_hand_setting
from controller.store.identifications import Identification, record_identification
from controller.store.journal import Intent, Journal
from controller.store.lease import take_lease
from drivers.base import Quality, Reading
from tests.supervisor.conftest import NOW

MINUTE = timedelta(minutes=1)
INTENT = Intent(
    intent_id="i-1",
    point_id="P1.sp",
    value=92.5,
    before=91.0,
    set_id="set",
    mode="advisory",
    actor="li",
)
COMMISSION = Commission(
    at=NOW,
    point_id="P1.sp",
    fingerprint="f1",
    actor="wang",
    value=90.0,
    panel_value=90.0,
    passed=True,
)
IDENTIFICATION = Identification(
    at=NOW, point_id="P1.sp", fingerprint="f1", actor="wang", passed=True, body={"step": -3.0}
)
HAND_SETTING = HandSetting(
    at=NOW,
    recommendation_id="r",
    element="plant:P2",
    quantity="supply_temp_c",
    value=92.5,
    found=92.0,
    how="typed",
    actor="li",
)


def audited(database: Database, count: int) -> None:
    for number in range(count):
        with database.writing() as connection:
            entry = AuditEntry(at=NOW, actor="王", action="note", details={"n": number})
            append_audit(connection, entry)


def fence_of(database: Database, holder: str = "one", at: datetime = NOW) -> int:
    with database.writing() as connection:
        return take_lease(connection, holder, at, MINUTE)


def filled(database: Database) -> None:
    """Put at least a row into every append-only table."""
    audited(database, 1)
    Journal(database, fence_of(database)).intend(INTENT, NOW)
    advice = recommendations.StoredRecommendation(
        recommendation_id="r", at=NOW, expires_at=NOW + MINUTE, input_hash="h", body={"a": 1.5}
    )
    decision = recommendations.Decision(
        recommendation_id="r", at=NOW, verdict="approved", actor="li", note=""
    )
    with database.writing() as connection:
        recommendations.record(connection, advice)
        recommendations.decide(connection, decision)
        record_commission(connection, COMMISSION)
        record_hand_setting(connection, HAND_SETTING)
        record_identification(connection, IDENTIFICATION)


def reading(minute: int, value: float | None, point_id: str = "t") -> Reading:
    return Reading(point_id=point_id, value=value, time=NOW + minute * MINUTE, quality=Quality.GOOD)
