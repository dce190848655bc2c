"""What checks share that describe objects by recipes: draws, and words."""

import torch


def whole(rng, low, high):
    """Draw a whole number below `high`."""
    return int(torch.randint(low, high, (), generator=rng))


def one_of_these(rng, items):
    """Draw one of the items."""
    return items[whole(rng, 0, len(items))]


def shuffled(rng, items):
    """Return the items in a drawn order."""
    return [items[index] for index in torch.randperm(len(items), generator=rng).tolist()]


def told(recipe):
    """Return in words what a recipe makes of x."""
    return f"x, then {recipe}" if recipe else "x itself"


def as_code(recipe, name="x"):
    """Return the expression that stands for what a recipe makes of what has this name."""
    return ".".join([name, *filter(None, recipe.split("; "))])
