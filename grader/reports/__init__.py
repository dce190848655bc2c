"""Verdict in, text out: pure functions that read no file but their own schema and touch no database."""
