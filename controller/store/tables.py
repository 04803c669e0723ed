"""The tables of the store: what must never be lost, and telemetry apart from it."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Double,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    types,
)
from sqlalchemy.engine import Dialect

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
# SQLite numbers rows by itself only where the key is called INTEGER; PostgreSQL needs the width.
ROW_NUMBER = BigInteger().with_variant(Integer(), "sqlite")


class Instant(types.TypeDecorator[datetime]):
    """A tz-aware instant, kept as whole microseconds since 1970-01-01T00:00Z."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        """Turn an instant into a number.

        Args:
            value: tz-aware.
            dialect: Not used.

        Returns:
            Microseconds.

        Raises:
            ValueError: The instant has no offset from UTC.
        """
        if value is None:
            return None
        if value.utcoffset() is None:
            raise ValueError(f"{value.isoformat()} has no offset from UTC")
        return (value - EPOCH) // MICROSECOND

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:
        """Turn a number back into an instant.

        Args:
            value: Microseconds.
            dialect: Not used.

        Returns:
            tz-aware UTC.
        """
        return None if value is None else EPOCH + value * MICROSECOND


CORE = MetaData()
TELEMETRY = MetaData()

AUDIT = Table(
    "audit",
    CORE,
    Column("seq", ROW_NUMBER, primary_key=True, autoincrement=False),
    Column("at", Instant, nullable=False),
    Column("actor", String(100), nullable=False),
    Column("action", String(100), nullable=False),
    Column("details", Text, nullable=False),
    Column("previous", String(64), nullable=False),
    Column("hash", String(64), nullable=False, unique=True),
)
# The end of the chain, so that a cut-off end shows too.
AUDIT_HEAD = Table(
    "audit_head",
    CORE,
    Column("one", Integer, primary_key=True, autoincrement=False),
    Column("seq", BigInteger, nullable=False),
    Column("hash", String(64), nullable=False),
)
JOURNAL = Table(
    "journal",
    CORE,
    Column("seq", ROW_NUMBER, primary_key=True, autoincrement=True),
    Column("intent_id", String(36), nullable=False),
    Column("at", Instant, nullable=False),
    Column("stage", String(20), nullable=False),
    Column("point_id", String(200), nullable=False),
    Column("value", Double, nullable=False),
    Column("before", Double),
    Column("readback", Double),
    Column("set_id", String(64)),
    Column("mode", String(20), nullable=False),
    Column("actor", String(100), nullable=False),
    Column("fence", BigInteger, nullable=False),
    Column("detail", Text, nullable=False),
    Index("journal_point_at", "point_id", "at"),
    Index("journal_intent", "intent_id"),
)
# The key keeps a second write from a point whose last one is not resolved.
OPEN_INTENTS = Table(
    "open_intents",
    CORE,
    Column("point_id", String(200), primary_key=True),
    Column("intent_id", String(36), nullable=False, unique=True),
)
LEASE = Table(
    "lease",
    CORE,
    Column("name", String(50), primary_key=True),
    Column("holder", String(200), nullable=False),
    Column("fence", BigInteger, nullable=False),
    Column("expires_at", Instant, nullable=False),
)
REQUESTS = Table(
    "requests",
    CORE,
    Column("request_id", ROW_NUMBER, primary_key=True, autoincrement=True),
    Column("at", Instant, nullable=False),
    Column("actor", String(100), nullable=False),
    Column("role", String(20), nullable=False),
    Column("kind", String(50), nullable=False),
    Column("body", Text, nullable=False),
    Column("answered_at", Instant),
    Column("accepted", Boolean),
    Column("answer", Text),
    Index("requests_answered", "answered_at"),
)
USERS = Table(
    "users",
    CORE,
    Column("name", String(100), primary_key=True),
    Column("role", String(20), nullable=False),
    Column("secret", String(200), nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("enabled", Boolean, nullable=False),
)
# What opens the console (`session`) or its API (`token`) for a user, as a hash of the secret.
PASSES = Table(
    "passes",
    CORE,
    Column("digest", String(64), primary_key=True),
    Column("kind", String(10), nullable=False),
    Column("user", String(100), nullable=False),
    Column("label", String(100), nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
)
RECOMMENDATIONS = Table(
    "recommendations",
    CORE,
    Column("seq", ROW_NUMBER, primary_key=True, autoincrement=True),
    Column("recommendation_id", String(64), nullable=False, unique=True),
    Column("at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("input_hash", String(64), nullable=False),
    Column("body", Text, nullable=False),
)
# The key lets a recommendation be decided once.
DECISIONS = Table(
    "decisions",
    CORE,
    Column("recommendation_id", String(64), primary_key=True),
    Column("at", Instant, nullable=False),
    Column("verdict", String(20), nullable=False),
    Column("actor", String(100), nullable=False),
    Column("note", Text, nullable=False),
)
# What no point writes and a person has set, once it is confirmed.
HAND_SETTINGS = Table(
    "hand_settings",
    CORE,
    Column("seq", ROW_NUMBER, primary_key=True, autoincrement=True),
    Column("at", Instant, nullable=False),
    Column("recommendation_id", String(64), nullable=False),
    Column("element", String(200), nullable=False),
    Column("quantity", String(50), nullable=False),
    Column("value", Double, nullable=False),
    Column("found", Double, nullable=False),
    Column("how", String(20), nullable=False),
    Column("actor", String(100), nullable=False),
    Index("hand_settings_at", "at"),
)
COMPLAINTS = Table(
    "complaints",
    CORE,
    Column("complaint_id", ROW_NUMBER, primary_key=True, autoincrement=True),
    Column("at", Instant, nullable=False),
    Column("building_id", String(200), nullable=False),
    Column("flat", String(100), nullable=False),
    Column("room_temp_c", Double),
    Column("radiator_hot", Boolean),
    Column("note", Text, nullable=False),
    Column("actor", String(100), nullable=False),
    Column("verdict", String(20), nullable=False),
    Column("clues", Text, nullable=False),
    Column("beta_seen", Double),
    Column("answered_at", Instant),
    Column("closed_at", Instant),
    Column("cause", String(20)),
    Column("outcome", Text),
    Index("complaints_at", "at"),
)
COMMISSIONS = Table(
    "commissions",
    CORE,
    Column("seq", ROW_NUMBER, primary_key=True, autoincrement=True),
    Column("at", Instant, nullable=False),
    Column("point_id", String(200), nullable=False),
    Column("fingerprint", String(64), nullable=False),
    Column("actor", String(100), nullable=False),
    Column("value", Double, nullable=False),
    Column("panel_value", Double, nullable=False),
    Column("passed", Boolean, nullable=False),
    Index("commissions_point", "point_id", "seq"),
)
IDENTIFICATIONS = Table(
    "identifications",
    CORE,
    Column("seq", ROW_NUMBER, primary_key=True, autoincrement=True),
    Column("at", Instant, nullable=False),
    Column("point_id", String(200), nullable=False),
    Column("fingerprint", String(64), nullable=False),
    Column("actor", String(100), nullable=False),
    Column("passed", Boolean, nullable=False),
    Column("body", Text, nullable=False),
    Index("identifications_point", "point_id", "seq"),
)
ALARMS = Table(
    "alarms",
    CORE,
    Column("seq", ROW_NUMBER, primary_key=True, autoincrement=True),
    Column("at", Instant, nullable=False),
    Column("alarm_id", String(200), nullable=False),
    Column("event", String(20), nullable=False),
    Column("actor", String(100), nullable=False),
    Column("detail", Text, nullable=False),
    Index("alarms_at", "at"),
)
CYCLES = Table(
    "cycles",
    CORE,
    Column("seq", ROW_NUMBER, primary_key=True, autoincrement=True),
    Column("at", Instant, nullable=False, unique=True),
    Column("outcome", String(50), nullable=False),
    Column("body", Text, nullable=False),
)
# One row a name, replaced: what the engine and the alarm board hold now.
PRESENT = Table(
    "present",
    CORE,
    Column("name", String(50), primary_key=True),
    Column("at", Instant, nullable=False),
    Column("body", Text, nullable=False),
)
READINGS = Table(
    "readings",
    TELEMETRY,
    Column("point_id", String(200), primary_key=True),
    Column("at", Instant, primary_key=True),
    Column("value", Double),
    Column("quality", String(20), nullable=False),
    Index("readings_at", "at"),
)
# Means of whole hours: outdoors, sun, and the heat of plants and stations.
HOURS = Table(
    "hours",
    TELEMETRY,
    Column("ended_at", Instant, primary_key=True, autoincrement=False),
    Column("body", Text, nullable=False),
)
# Forecasts of the weather and of the load, each with the instant at which it was there.
ISSUES = Table(
    "issues",
    TELEMETRY,
    Column("kind", String(20), primary_key=True),
    Column("issued_at", Instant, primary_key=True, autoincrement=False),
    Column("body", Text, nullable=False),
)
# Good readings by stretches of `span_s` that begin at whole multiples of it; lies in the order of
# its key, so that a point's years are read in one go.
SUMMARIES = Table(
    "summaries",
    TELEMETRY,
    Column("point_id", String(200), primary_key=True),
    Column("span_s", Integer, primary_key=True, autoincrement=False),
    Column("at", Instant, primary_key=True),
    Column("mean", Double, nullable=False),
    Column("low", Double, nullable=False),
    Column("high", Double, nullable=False),
    Column("readings", Integer, nullable=False),
    sqlite_with_rowid=False,
)

# Rows of these are added and never changed or removed; triggers of the database hold it.
APPEND_ONLY = (
    "audit", "journal", "recommendations", "decisions", "hand_settings", "commissions",
    "identifications",
)  # fmt: skip
