"""Run by alembic; the connection is given by `store.open_store`."""

from alembic import context

from autograder.cohort.store.tables import Table

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Table.metadata,
    render_as_batch=True,
    transactional_ddl=True,  # also in SQLite: what a kill leaves half is not there
)
with context.begin_transaction():
    context.run_migrations()
