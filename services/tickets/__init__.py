"""Tickets: their life cycle (a table), the rules that move them (pure), and where they are kept (SQL)."""
