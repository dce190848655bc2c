"""Runs in the process that children are forked from: it has loaded what they need, and never a submission."""
