"""What is left of readings when they are old: mean, lowest and highest by quarter hour and day."""

import sqlalchemy as sa
from alembic import op

revision = "telemetry_0003"
down_revision = "telemetry_0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table; the first night after it fills it from the readings."""
    op.create_table(
        "summaries",
        sa.Column("point_id", sa.String(200), primary_key=True),
        sa.Column("span_s", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("at", sa.BigInteger, primary_key=True),
        sa.Column("mean", sa.Double, nullable=False),
        sa.Column("low", sa.Double, nullable=False),
        sa.Column("high", sa.Double, nullable=False),
        sa.Column("readings", sa.Integer, nullable=False),
        sqlite_with_rowid=False,
    )
