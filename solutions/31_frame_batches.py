"""31 Endless batches of real frames"""

import random
from collections.abc import Iterator
from typing import Any

import gymnasium
import numpy as np
import torch

Game = gymnasium.Env[np.ndarray, Any]


def to_batch(frames: list[np.ndarray]) -> torch.Tensor:
    # Stacked first: a tensor from a list of arrays is made number by number.
    return torch.from_numpy(np.stack(frames)) * (2 / 255) - 1  # (N, 3, H, W)


def is_dark(frame: np.ndarray, threshold: float) -> bool:
    # numpy has a bool of its own, which is not the one that the signature promises.
    return bool(frame.mean() <= threshold)


def play(env: Game, seed: int) -> Iterator[np.ndarray]:
    env.reset(seed=seed)
    env.action_space.seed(seed)
    while True:
        frame, _, terminated, truncated, _ = env.step(env.action_space.sample())
        yield frame
        # subtle: after the yield, so that nothing is played before somebody asks for it.
        if terminated or truncated:
            env.reset()


def frame_batches(envs: list[Game], batch_size: int, seed: int, threshold: float) -> Iterator[torch.Tensor]:
    chooser = random.Random(seed)
    players = [play(env, seed + index) for index, env in enumerate(envs)]
    frames: list[np.ndarray] = []
    while True:
        frame = next(chooser.choice(players))
        if not is_dark(frame, threshold):
            frames.append(frame)
        if len(frames) == batch_size:
            yield to_batch(frames)
            # A new list for each batch: what was yielded belongs to the caller.
            frames = []
