"""Runs in the grader: starts children, asks them, and believes nothing that they send."""
