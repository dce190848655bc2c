"""30 Frames from Atari games, as a network wants them

A game in the emulator returns frames as uint8 of shape (height, width, 3), 210 by 160 or 250 by 160 pixels. A
convolution needs float32, channels first, and frames that all have one size. gymnasium's `ObservationWrapper`
stands between a game and its player: each observation that `reset` and `step` return passes through its method
`observation`. A wrapper that changes observations must also change what it declares about them: others size
their networks by `observation_space`.

    >>> import ale_py, gymnasium
    >>> gymnasium.register_envs(ale_py)
    >>> env = gymnasium.make("ALE/Pong-v5")
    >>> env.observation_space.shape, env.observation_space.dtype
    ((210, 160, 3), dtype('uint8'))
    >>> frame, info = env.reset(seed=0)
    >>> frame.shape, env.observation_space.contains(frame)
    ((210, 160, 3), True)

(Old posts say `import gym` and ids such as "Pong-v0"; both are gone.)

Read on: https://gymnasium.farama.org/api/wrappers/observation_wrappers/
"""

from typing import Any

import ale_py
import cv2
import gymnasium
import numpy as np


def resize_frame(frame: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Step 1. Prepare one frame for a convolution.

    frame: uint8 of shape (H, W, 3), values 0 to 255. It is not changed.
    size: (height, width) of the result. Resize with `cv2.resize` and `interpolation=cv2.INTER_AREA`, which
      averages the pixels that become one. Note that cv2 expects a size as (width, height).

    Returns float32 of shape (3, height, width), values 0 to 255 as before, colours in the same order as before. It
    does not matter whether you convert before you resize or after.
    """
    raise NotImplementedError("step 1: resize_frame")


def frame_space(size: tuple[int, int]) -> gymnasium.spaces.Box:
    """Step 2. Declare what the frames from step 1 look like.

    size: (height, width).

    Returns the `Box` of all float32 arrays of shape (3, height, width) with values from 0 to 255.
    """
    raise NotImplementedError("step 2: frame_space")


class SmallFrames(gymnasium.ObservationWrapper[np.ndarray, Any, np.ndarray]):
    """Step 3. Wrap a game so that it returns small frames.

    env: a game whose observations are frames as in step 1.
    size: (height, width) of the frames to return.

    The wrapper's `observation_space` is that of step 2, and it contains every observation that `reset` and `step`
    return: those of step 1. Everything else, such as the action space, is as the game has it; the
    `observation_space` of the game itself stays as it was.
    """

    def __init__(self, env: gymnasium.Env[np.ndarray, Any], size: tuple[int, int] = (64, 64)) -> None:
        raise NotImplementedError("step 3: SmallFrames")

    def observation(self, observation: np.ndarray) -> np.ndarray:
        raise NotImplementedError("step 3: SmallFrames")


def make_games(names: list[str], size: tuple[int, int]) -> list[gymnasium.Env[np.ndarray, Any]]:
    """Step 4. Make the games that a later exercise plays.

    names: ids such as "ALE/Breakout-v5" and "ALE/AirRaid-v5"; a name may occur twice. Importing ale_py makes its
      games known; `gymnasium.register_envs(ale_py)` tells that to whoever reads the code, and does nothing more.

    Returns one game for each name, in order, each a separate one, wrapped by your `SmallFrames` with this `size`.
    """
    raise NotImplementedError("step 4: make_games")
