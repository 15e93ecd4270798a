"""The database: engine, threads, transaction, keys, migrations, protections and row-level security."""
