"""Runs beside the submission, locked down."""
