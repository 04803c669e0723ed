"""The first tables of the core, and the triggers that keep rows from being changed."""

import sqlalchemy as sa
from alembic import op

from controller.store.append_only import forbid_change

revision = "core_0001"
down_revision = None
branch_labels = None
depends_on = None

_APPEND_ONLY = ("audit", "journal", "recommendations", "decisions", "commissions")
_ROW_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the tables."""
    _audit_and_journal()
    _people()
    _recommendations()
    _alarms_and_cycles()
    for table in _APPEND_ONLY:
        forbid_change(table)


def _audit_and_journal() -> None:
    op.create_table(
        "audit",
        sa.Column("seq", _ROW_NUMBER, primary_key=True, autoincrement=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("actor", sa.String(100), nullable=False),
        sa.Column("action", sa.String(100), nullable=False),
        sa.Column("details", sa.Text, nullable=False),
        sa.Column("previous", sa.String(64), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False, unique=True),
    )
    head = op.create_table(
        "audit_head",
        sa.Column("one", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
    )
    op.bulk_insert(head, [{"one": 1, "seq": 0, "hash": "0" * 64}])
    op.create_table(
        "journal",
        sa.Column("seq", _ROW_NUMBER, primary_key=True, autoincrement=True),
        sa.Column("intent_id", sa.String(36), nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("stage", sa.String(20), nullable=False),
        sa.Column("point_id", sa.String(200), nullable=False),
        sa.Column("value", sa.Double, nullable=False),
        sa.Column("before", sa.Double),
        sa.Column("readback", sa.Double),
        sa.Column("set_id", sa.String(64)),
        sa.Column("mode", sa.String(20), nullable=False),
        sa.Column("actor", sa.String(100), nullable=False),
        sa.Column("fence", sa.BigInteger, nullable=False),
        sa.Column("detail", sa.Text, nullable=False),
    )
    op.create_index("journal_point_at", "journal", ["point_id", "at"])
    op.create_index("journal_intent", "journal", ["intent_id"])
    op.create_table(
        "open_intents",
        sa.Column("point_id", sa.String(200), primary_key=True),
        sa.Column("intent_id", sa.String(36), nullable=False, unique=True),
    )
    op.create_table(
        "lease",
        sa.Column("name", sa.String(50), primary_key=True),
        sa.Column("holder", sa.String(200), nullable=False),
        sa.Column("fence", sa.BigInteger, nullable=False),
        sa.Column("expires_at", sa.BigInteger, nullable=False),
    )


def _people() -> None:
    op.create_table(
        "requests",
        sa.Column("request_id", _ROW_NUMBER, primary_key=True, autoincrement=True),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("actor", sa.String(100), nullable=False),
        sa.Column("role", sa.String(20), nullable=False),
        sa.Column("kind", sa.String(50), nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("answered_at", sa.BigInteger),
        sa.Column("accepted", sa.Boolean),
        sa.Column("answer", sa.Text),
    )
    op.create_index("requests_answered", "requests", ["answered_at"])
    op.create_table(
        "users",
        sa.Column("name", sa.String(100), primary_key=True),
        sa.Column("role", sa.String(20), nullable=False),
        sa.Column("secret", sa.String(200), nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("enabled", sa.Boolean, nullable=False),
    )
    op.create_table(
        "commissions",
        sa.Column("seq", _ROW_NUMBER, primary_key=True, autoincrement=True),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("point_id", sa.String(200), nullable=False),
        sa.Column("fingerprint", sa.String(64), nullable=False),
        sa.Column("actor", sa.String(100), nullable=False),
        sa.Column("value", sa.Double, nullable=False),
        sa.Column("panel_value", sa.Double, nullable=False),
        sa.Column("passed", sa.Boolean, nullable=False),
    )
    op.create_index("commissions_point", "commissions", ["point_id", "seq"])


def _recommendations() -> None:
    op.create_table(
        "recommendations",
        sa.Column("seq", _ROW_NUMBER, primary_key=True, autoincrement=True),
        sa.Column("recommendation_id", sa.String(64), nullable=False, unique=True),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("expires_at", sa.BigInteger, nullable=False),
        sa.Column("input_hash", sa.String(64), nullable=False),
        sa.Column("body", sa.Text, nullable=False),
    )
    op.create_table(
        "decisions",
        sa.Column("recommendation_id", sa.String(64), primary_key=True),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("verdict", sa.String(20), nullable=False),
        sa.Column("actor", sa.String(100), nullable=False),
        sa.Column("note", sa.Text, nullable=False),
    )


def _alarms_and_cycles() -> None:
    op.create_table(
        "alarms",
        sa.Column("seq", _ROW_NUMBER, primary_key=True, autoincrement=True),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("alarm_id", sa.String(200), nullable=False),
        sa.Column("event", sa.String(20), nullable=False),
        sa.Column("actor", sa.String(100), nullable=False),
        sa.Column("detail", sa.Text, nullable=False),
    )
    op.create_index("alarms_at", "alarms", ["at"])
    op.create_table(
        "cycles",
        sa.Column("seq", _ROW_NUMBER, primary_key=True, autoincrement=True),
        sa.Column("at", sa.BigInteger, nullable=False, unique=True),
        sa.Column("outcome", sa.String(50), nullable=False),
        sa.Column("body", sa.Text, nullable=False),
    )
    op.create_table(
        "present",
        sa.Column("name", sa.String(50), primary_key=True),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
    )
