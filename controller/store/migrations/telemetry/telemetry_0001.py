"""The first table of telemetry."""

import sqlalchemy as sa
from alembic import op

revision = "telemetry_0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "readings",
        sa.Column("point_id", sa.String(200), primary_key=True),
        sa.Column("at", sa.BigInteger, primary_key=True),
        sa.Column("value", sa.Double),
        sa.Column("quality", sa.String(20), nullable=False),
    )
    op.create_index("readings_at", "readings", ["at"])
