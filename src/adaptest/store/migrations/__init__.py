"""From one revision of the tables to the next, by Alembic; a revision that was released never changes."""
