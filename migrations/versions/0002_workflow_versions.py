"""Moving running cases to another workflow, by recorded moves along the edges of a plan."""

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
