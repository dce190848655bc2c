"""PyTorch katas and their grader: exercises, hidden checks, and verdicts that can be trusted."""

__version__ = "0.1.0"
