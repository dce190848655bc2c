"""What checks share that describe objects by recipes: draws, and words."""

import random

import torch


def dice(rng):
    """Return Python's own random numbers, seeded by `rng`: they are drawn in a tenth of the time."""
    return random.Random(int(torch.randint(2**31, (), generator=rng)))


def told(recipe):
    """Return in words what a recipe makes of x."""
    return f"x, then {recipe}" if recipe else "x itself"


def as_code(recipe, name="x"):
    """Return the expression that stands for what a recipe makes of what has this name."""
    return ".".join([name, *filter(None, recipe.split("; "))])
