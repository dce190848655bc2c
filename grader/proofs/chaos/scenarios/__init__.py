"""All scenarios."""

from grader.proofs.chaos.scenarios import files, kills, output, places, record, room, signals

ALL = (
    *kills.SCENARIOS, *record.SCENARIOS, *room.SCENARIOS, *files.SCENARIOS, *places.SCENARIOS, *output.SCENARIOS,
    *signals.SCENARIOS,
)  # fmt: skip
