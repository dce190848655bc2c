"""The hostile corpus is complete, and every file of it says what is expected."""

import pytest

from grader.errors import UsageError
from grader.proofs.hostile.corpus import FAMILIES, HOSTILE, STOPPED, attacks, read

LEAST = 200


HONEST = "# harm: none\n# ending: {ending}\n{more}\n\ndef to_nearest(tensor):\n    return tensor.round().long()\n"


def attack(tmp_path, name, text):
    path = tmp_path / f"{name}.py"
    path.write_text(text, encoding="utf-8")
    return read(path)


def test_every_family_is_there_and_every_file_says_what_is_expected():
    corpus = attacks()
    assert len(corpus) >= LEAST
    assert {each.family for each in corpus} == set(FAMILIES)
    assert len(corpus) == len(list(HOSTILE.glob("*.py")))
    for each in corpus:
        assert each.harm
        assert each.steps
        assert each.limit or each.endings <= STOPPED


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("system_x", "# harm: none\n\ndef to_nearest(tensor): ...\n"),
        ("system_x", HONEST.format(ending="passed", more="")),
        ("system_x", HONEST.format(ending="stopped", more="")),
        ("other_x", HONEST.format(ending="failed", more="")),
        ("system_x", "# harm: none\n# ending: failed\nx = 1\n"),
    ],
    ids=["no ending", "may pass", "no such ending", "no family", "no step"],
)
def test_what_declares_too_little_is_refused(tmp_path, name, text):
    with pytest.raises(UsageError):
        attack(tmp_path, name, text)
