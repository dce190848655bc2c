"""Tests of the grader itself; they mirror its modules."""
