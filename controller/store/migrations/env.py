"""Where alembic finds the connection that `open_database` has made for it."""

from alembic import context

configuration = context.config.attributes
context.configure(
    connection=configuration["connection"],
    # Core and telemetry may share a PostgreSQL database; each has a version of its own.
    version_table=f"schema_{configuration['part']}",
    transactional_ddl=True,
)
context.run_migrations()
