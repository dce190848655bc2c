"""Makes objects by recipes, which say what to do and never what comes of it; checks follow the same ones to know it."""

import functools

import torch


def followed(recipe, x, **others):
    """Return what comes of x when the methods in a recipe are called, each on what the one before returned.

    A recipe is a text such as "mul(2); detach()". In its arguments `x` stands for the object to start with, `made` for
    the one at hand, and a name in `others` for what is given under it. A method that returns nothing, as retain_grad
    does, leaves the object at hand.
    """
    made = x
    for call in filter(None, recipe.split("; ")):
        returned = eval(_compiled(call), {"torch": torch, "nn": torch.nn, "made": made, "x": x} | others)
        made = made if returned is None else returned
    return made


@functools.cache
def _compiled(call):
    return compile(f"made.{call}", "<recipe>", "eval")
