"""What checks share that send whole files: their bytes, made where no submission runs."""

import io

import numpy as np
import torch

from grader.curriculum.checks._recipes import dice


def sent(content):
    """Return the bytes of a file as an array, which goes to a probe as it is."""
    return np.frombuffer(content, np.uint8)


def saved(content):
    """Return the bytes of the file that torch.save makes of this content."""
    file = io.BytesIO()
    torch.save(content, file)
    return sent(file.getvalue())


def in_any_order(rng, files, call):
    """Make a call with each of these files, in a drawn order: nothing but what is in it tells which one it is."""
    return {name: call(files[name]) for name in dice(rng).sample(list(files), len(files))}


def raised_by(seen):
    """Return the name of the exception that ended a call, if there was one."""
    return seen.exception.type_name if seen.exception else ""
