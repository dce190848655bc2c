"""30 Frames from Atari games, as a network wants them

A game of the emulator gives frames as uint8 of shape (height, width, 3), 210 by 160 or 250 by 160 pixels. A
convolution wants float32, channels first, and every frame of one size. gymnasium's `ObservationWrapper` stands
between a game and whoever plays it: each observation of `reset` and `step` passes through its method
`observation`. A wrapper that changes observations has to change what it declares about them as well: others size
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
    """Step 1. Make one frame fit for a convolution.

    frame: uint8 of shape (H, W, 3), values 0 to 255. It is not changed.
    size: (height, width) of the result. Resize with `cv2.resize` and `interpolation=cv2.INTER_AREA`, which
      averages the pixels that become one. Mind that cv2 wants a size as (width, height).

    Returns float32 of shape (3, height, width), values 0 to 255 as before, colours in the order in which they came.
    Whether you convert before you resize or after does not matter.
    """
    raise NotImplementedError("step 1: resize_frame")


def frame_space(size: tuple[int, int]) -> gymnasium.spaces.Box:
    """Step 2. Declare what frames of step 1 look like.

    size: (height, width).

    Returns the `Box` of all float32 arrays of shape (3, height, width) with values from 0 to 255.
    """
    raise NotImplementedError("step 2: frame_space")


class SmallFrames(gymnasium.ObservationWrapper[np.ndarray, Any, np.ndarray]):
    """Step 3. Wrap a game so that it gives small frames.

    env: a game whose observations are frames as in step 1.
    size: (height, width) of the frames to give.

    Its `observation_space` is that of step 2, and it contains every observation that `reset` and `step` return:
    those of step 1. All else, the action space for one, is as the game has it; the `observation_space` of the game
    itself stays as it was.
    """

    def __init__(self, env: gymnasium.Env[np.ndarray, Any], size: tuple[int, int] = (64, 64)) -> None:
        raise NotImplementedError("step 3: SmallFrames")

    def observation(self, observation: np.ndarray) -> np.ndarray:
        raise NotImplementedError("step 3: SmallFrames")


def make_games(names: list[str], size: tuple[int, int]) -> list[gymnasium.Env[np.ndarray, Any]]:
    """Step 4. Make the games that a later exercise plays.

    names: ids such as "ALE/Breakout-v5" and "ALE/AirRaid-v5"; a name may occur twice. Importing ale_py makes its
      games known; `gymnasium.register_envs(ale_py)` says so to whoever reads the code, and does nothing more.

    Returns one game for each name, in order, each of its own, wrapped by your `SmallFrames` with this `size`.
    """
    raise NotImplementedError("step 4: make_games")
