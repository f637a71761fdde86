"""Run by Alembic: migrates on the connection that it is given, inside that connection's transaction."""

from alembic import context

from socialbpm.store.migrations import VERSION_TABLE
from socialbpm.store.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    version_table=VERSION_TABLE,
    render_as_batch=True,  # SQLite cannot alter a column otherwise
)
with context.begin_transaction():
    context.run_migrations()
