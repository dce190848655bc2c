"""What tests of every ring need."""

import pytest

from grader.catalogue.catalogue import find


@pytest.fixture(scope="session")
def exercise():
    return find("05")
