"""The event log and everything else that is kept: SQLAlchemy over SQLite or PostgreSQL."""
