"""Runs somebody else's code in a process of its own and brings back what was seen."""
