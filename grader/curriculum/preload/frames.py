"""Plays the Atari games for frames."""

import cv2
import numpy as np
import torch

from grader.curriculum.preload.games import STARTED


def frames_of(game, seed, count):
    """Play a game at random; return `count` of its frames, float32 (count, 3, 64, 64) in [-1, 1]."""
    environment = STARTED[game]
    environment.reset()
    environment.action_space.seed(seed)
    frames = []
    for _ in range(count):
        observation, _, terminated, truncated, _ = environment.step(environment.action_space.sample())
        frames.append(cv2.resize(observation, (64, 64), interpolation=cv2.INTER_AREA))
        if terminated or truncated:
            environment.reset()
    return torch.from_numpy(np.stack(frames)).permute(0, 3, 1, 2).float() * (2 / 255) - 1
