"""The command line imports the module of the command that is called, and knows which that is."""

import argparse
import importlib

import pytest

from grader.cli import MODULES


@pytest.mark.parametrize("module", MODULES)
def test_each_module_adds_the_commands_that_are_said_of_it(module):
    commands = argparse.ArgumentParser().add_subparsers()
    importlib.import_module(f"grader.commands.{module}").add_to(commands)
    assert set(commands.choices) == set(MODULES[module])
