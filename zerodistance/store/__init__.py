"""The store: PostgreSQL, with TimescaleDB where it is offered, through psycopg 3."""
