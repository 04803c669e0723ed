"""Complaints of residents, their triage and their clocks."""

import sqlalchemy as sa
from alembic import op

revision = "core_0004"
down_revision = "core_0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "complaints",
        sa.Column(
            "complaint_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            primary_key=True,
            autoincrement=True,
        ),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("building_id", sa.String(200), nullable=False),
        sa.Column("flat", sa.String(100), nullable=False),
        sa.Column("room_temp_c", sa.Double),
        sa.Column("radiator_hot", sa.Boolean),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("actor", sa.String(100), nullable=False),
        sa.Column("verdict", sa.String(20), nullable=False),
        sa.Column("clues", sa.Text, nullable=False),
        sa.Column("beta_seen", sa.Double),
        sa.Column("answered_at", sa.BigInteger),
        sa.Column("closed_at", sa.BigInteger),
        sa.Column("cause", sa.String(20)),
        sa.Column("outcome", sa.Text),
    )
    op.create_index("complaints_at", "complaints", ["at"])
