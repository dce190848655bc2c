"""30 Frames from Atari games, as a network wants them"""

from typing import Any

import ale_py
import cv2
import gymnasium
import numpy as np


def resize_frame(frame: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    height, width = size
    # subtle: numpy counts rows first, cv2 columns first.
    small = cv2.resize(frame, (width, height), interpolation=cv2.INTER_AREA)  # (height, width, 3)
    return np.moveaxis(small, 2, 0).astype(np.float32)  # (3, height, width)


def frame_space(size: tuple[int, int]) -> gymnasium.spaces.Box:
    # Channels first, as a convolution reads them; float32, and still from 0 to 255.
    return gymnasium.spaces.Box(low=0, high=255, shape=(3, *size), dtype=np.float32)


class SmallFrames(gymnasium.ObservationWrapper[np.ndarray, Any, np.ndarray]):
    def __init__(self, env: gymnasium.Env[np.ndarray, Any], size: tuple[int, int] = (64, 64)) -> None:
        super().__init__(env)
        self.size = size
        # Without this line, the wrapper would still declare what the game declares.
        self.observation_space = frame_space(size)

    def observation(self, observation: np.ndarray) -> np.ndarray:
        return resize_frame(observation, self.size)


def make_games(names: list[str], size: tuple[int, int]) -> list[gymnasium.Env[np.ndarray, Any]]:
    # The names of the games are known only once their package has registered them.
    gymnasium.register_envs(ale_py)
    return [SmallFrames(gymnasium.make(name), size) for name in names]
