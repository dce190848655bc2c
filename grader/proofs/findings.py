"""What the audit of one exercise found."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Findings:
    """What the audit of one exercise found."""

    exercise: str
    checks: int = 0
    wrong: int = 0
    right: int = 0
    mutants: int = 0
    equivalent: int = 0
    wrong_accepted: list[str] = field(default_factory=list)
    right_refused: list[str] = field(default_factory=list)
    mutants_accepted: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    @property
    def texts(self) -> list[str]:
        """Everything that was found, in words."""
        return self.wrong_accepted + self.right_refused + self.mutants_accepted + self.problems

    @property
    def clean(self) -> bool:
        """Whether nothing was found."""
        return not self.texts
