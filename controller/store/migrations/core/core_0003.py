"""What people have set by hand, because no point writes it."""

import sqlalchemy as sa
from alembic import op

from controller.store.append_only import forbid_change

revision = "core_0003"
down_revision = "core_0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "hand_settings",
        sa.Column(
            "seq",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            primary_key=True,
            autoincrement=True,
        ),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("recommendation_id", sa.String(64), nullable=False),
        sa.Column("element", sa.String(200), nullable=False),
        sa.Column("quantity", sa.String(50), nullable=False),
        sa.Column("value", sa.Double, nullable=False),
        sa.Column("found", sa.Double, nullable=False),
        sa.Column("how", sa.String(20), nullable=False),
        sa.Column("actor", sa.String(100), nullable=False),
    )
    op.create_index("hand_settings_at", "hand_settings", ["at"])
    forbid_change("hand_settings")
