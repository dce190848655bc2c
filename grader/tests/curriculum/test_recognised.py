"""Every row of the table of exceptions is met by the installed torch, numpy and Python, worded as the row says."""

import warnings

import numpy as np
import pytest
import torch

from grader.catalogue.misconceptions import misconceptions
from grader.catalogue.recognised import Origin, recognise, rows

LEAST_ROWS = 60


def has(needed):
    if needed == "mps":
        return torch.backends.mps.is_available()
    if needed == "no cuda":
        return not torch.cuda.is_available()
    return not needed or torch.accelerator.is_available()


def raised_by(code):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            exec(code, {"torch": torch, "np": np})
        except BaseException as error:
            return error
    raise AssertionError(f"{code} raises nothing")


def kinds(error):
    return [each.__name__ for each in type(error).__mro__]


@pytest.mark.parametrize("row", rows(), ids=lambda row: f"{row.misconception}: {row.message[:40]}")
def test_what_raises_it_is_recognised(row):
    if not has(row.needs):
        pytest.skip(f"needs {row.needs}")
    error = raised_by(row.raised_by)
    line = row.raised_by.splitlines()[-1].rpartition("; ")[2]
    assert recognise(kinds(error), str(error), line, Origin(row.where)) == row.misconception


def test_there_are_many_and_all_are_explained():
    assert len(rows()) >= LEAST_ROWS
    assert {row.misconception for row in rows()} <= misconceptions().keys()


@pytest.mark.parametrize("origin", [Origin.CALL, Origin.ANYWHERE])
def test_none_that_a_probe_met_is_not_told_as_the_learners(origin):
    assert recognise(["AttributeError"], "'NoneType' object has no attribute 'zero_'", "w.grad.zero_()", origin) is None


def test_an_exception_of_another_class_is_not_recognised():
    assert recognise(["KeyError"], "division by zero", "", Origin.OWN) is None


def test_a_text_is_recognised_without_its_class():
    text = "RuntimeError: Trying to backward through the graph a second time"
    assert recognise((), text, "", Origin.CALL) == "second-backward-freed-graph"
