"""Importing this starts the Atari games, once and ahead of the children: in each child it would take 0.2 s a game.

A child that resets them without a seed goes on from where every child does; what it sees depends on its actions.
"""

from __future__ import annotations

from typing import Any

import ale_py
import gymnasium

NAMES = ("ALE/Breakout-v5", "ALE/AirRaid-v5", "ALE/Pong-v5")


def _started(name: str) -> gymnasium.Env[Any, Any]:
    game = gymnasium.make(name)
    game.reset(seed=0)
    return game


ale_py.ALEInterface.setLoggerMode(ale_py.LoggerMode.Error)  # no banner
STARTED = {name: _started(name) for name in NAMES}
_AS_STARTED = {name: game.unwrapped.clone_state(include_rng=True) for name, game in STARTED.items()}


def put_back() -> None:
    """Let every game go on from where it was started, as for a child that has served no check yet."""
    for name, game in STARTED.items():
        game.unwrapped.restore_state(_AS_STARTED[name])
