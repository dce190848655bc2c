"""Proves the project itself: the exercises, the sandbox, the speed, and how others do."""
