"""The seeds that a run can have: all its random inputs follow from one."""

import secrets

SEEDS = 2**32


def new_seed() -> int:
    """Return a seed that nobody can foresee."""
    return secrets.randbelow(SEEDS)
