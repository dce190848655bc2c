"""31 Endless batches of real frames

A GAN is trained on frames from games that somebody plays at random. Today's gymnasium returns five values from a step
(older code expects four, with one `done`): the observation, the reward, *terminated* (the game is over), *truncated*
(the game was cut short), and a dict. After either of the two, reset the game before the next step. Frames go into the
network in the range that the generator's last layer, a tanh, can produce: from -1 to 1.

    >>> import ale_py, gymnasium
    >>> gymnasium.register_envs(ale_py)
    >>> env = gymnasium.make("ALE/Pong-v5", max_episode_steps=2)
    >>> frame, info = env.reset(seed=0)
    >>> frame, reward, terminated, truncated, info = env.step(0)
    >>> terminated, truncated
    (False, False)
    >>> frame, reward, terminated, truncated, info = env.step(0)
    >>> terminated, truncated
    (False, True)

Read on: https://gymnasium.farama.org/introduction/basic_usage/
"""

import random
from collections.abc import Iterator
from typing import Any

import gymnasium
import numpy as np
import torch

Game = gymnasium.Env[np.ndarray, Any]


def to_batch(frames: list[np.ndarray]) -> torch.Tensor:
    """Step 1. Make a batch of frames.

    frames: one or more float32 arrays of shape (3, H, W), values from 0 to 255. They are not changed.

    Returns a float32 tensor of shape (N, 3, H, W) on the CPU, with the frames in order: 0 has become -1, 255 has become
    1, and the values in between lie in between, in proportion. It shares no memory with the frames.
    """
    raise NotImplementedError("step 1: to_batch")


def is_dark(frame: np.ndarray, threshold: float) -> bool:
    """Step 2. Say whether a frame shows nothing: between two scenes, games turn black.

    frame: as in step 1. It is not changed.

    Returns True if the mean of all its values is at most `threshold`, False otherwise, as a bool of Python or of numpy.
    """
    raise NotImplementedError("step 2: is_dark")


def play(env: Game, seed: int) -> Iterator[np.ndarray]:
    """Step 3. Play one game at random, without end, and yield its frames.

    env: a game. Reset it with `seed`, and give its action space the same seed: `reset` does not do that. From then on
      draw each action from the action space, and reset the game, without a seed, when it was terminated or truncated:
      with a seed, each episode would repeat the first.

    This is a generator: nothing happens before the first frame is asked for, and one step is played for each frame.
    Yields the observation of each step, as it came, including the last one of an episode; what `reset` returns is not
    yielded.
    """
    raise NotImplementedError("step 3: play")


def frame_batches(envs: list[Game], batch_size: int, seed: int, threshold: float) -> Iterator[torch.Tensor]:
    """Step 4. Batches from several games, without end.

    envs: one or more games whose observations are frames as in step 1, all of one shape. Play each with step 3,
      the game at index i with the seed `seed + i`.
    threshold: leave out frames that are dark according to step 2.

    For each frame that is played, choose a game at random, each with the same probability, using random numbers of your
    own that start from `seed`: the same seed gives the same batches, and no global random state is touched. After a
    dark frame, too, choose the next game anew. The frames in a batch are in the order in which they were played.

    Yields tensors as in step 1, of `batch_size` frames each. A batch that was handed out is not changed later, and no
    more frames are played than the batches that were asked for need.
    """
    raise NotImplementedError("step 4: frame_batches")
