"""The seeds that a run can have: all its random inputs follow from one."""

import argparse
import secrets

SEEDS = 2**32


def new_seed() -> int:
    """Return a seed that nobody can foresee."""
    return secrets.randbelow(SEEDS)


def seed(text: str) -> int:
    """Read a seed, as argparse has its values read."""
    if not text.isdecimal() or int(text) >= SEEDS:
        raise argparse.ArgumentTypeError(f"a seed is a number from 0 to {SEEDS - 1}, not {text!r}")
    return int(text)
