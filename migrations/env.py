"""Alembic environment: runs the migrations on the connection that the caller provides."""

from alembic import context

from service.tables import metadata

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=metadata, include_schemas=True, transactional_ddl=True)
with context.begin_transaction():
    context.run_migrations()
