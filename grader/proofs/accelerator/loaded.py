"""Gives torch the device `pretend` on import: what the children of a grading on that device load ahead."""

from grader.proofs.accelerator import device

device.load()
