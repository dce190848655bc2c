"""Katas in notebooks: cells are read as text, graded in the sandbox, and never run in the kernel."""
