"""Plays real games through the submission's wrapper, and writes down what goes in and what comes out."""

import gymnasium
import numpy as np

from grader.curriculum.preload.games import STARTED

OTHER_SIZE = (20, 30)


class Recorder(gymnasium.ObservationWrapper):
    """Keeps a copy of every frame of the game."""

    def __init__(self, env):
        super().__init__(env)
        self.frames = []

    def observation(self, observation):
        self.frames.append(observation.copy())
        return observation


def space(submission, size):
    """Describe the space that the submission declares for a size.

    Told: `frame_space` for the size {size}
    """
    return describe(submission.frame_space(size))


def describe(box):
    """Say of a space what it is, its shape, dtype and bounds; of anything else, give it back."""
    if not isinstance(box, gymnasium.spaces.Box):
        return box
    bounds = [float(box.low.min()), float(box.low.max()), float(box.high.min()), float(box.high.max())]
    return {"shape": box.shape, "dtype": str(box.dtype), "bounds": bounds}


def wrapped(submission, game, seed, size):
    """Reset a wrapped game and take three steps; return the game's frames and what came through.

    There is another wrapper around the same game, of another size.

    Told: `SmallFrames` of {game:word} for the size {size}, reset and played for three steps
    """
    recorder = Recorder(STARTED[game])
    env = submission.SmallFrames(recorder, size) if size else submission.SmallFrames(recorder)
    submission.SmallFrames(recorder, OTHER_SIZE)
    env.action_space.seed(seed)
    first, _ = env.reset()
    given = [first] + [env.step(env.action_space.sample())[0] for _ in range(3)]
    return {
        "frames": recorder.frames,
        "given": given,
        "contained": [bool(isinstance(each, np.ndarray) and env.observation_space.contains(each)) for each in given],
        "space": describe(env.observation_space),
        "game_space": describe(recorder.observation_space),
        "own_space": describe(recorder.unwrapped.observation_space),
        "same_actions": env.action_space == recorder.action_space,
        "is_wrapper": isinstance(env, gymnasium.ObservationWrapper),
        "seen_through": env.unwrapped is recorder.unwrapped,
    }


def _layers(env, kind):
    """Return how many wrappers of this kind are around a game."""
    count = 0
    while isinstance(env, gymnasium.Wrapper):
        count += isinstance(env, kind)
        env = env.env
    return count


def games(submission, names, size):
    """Make games and reset each; return their ids, spaces and first frames, and how many are distinct.

    Told: `make_games` of {names:count game} for the size {size}
    """
    made = submission.make_games(names, size)
    if not isinstance(made, (list, tuple)):
        return made
    return {
        "ids": [each.spec.id if isinstance(each, gymnasium.Env) and each.spec else None for each in made],
        "spaces": [describe(getattr(each, "observation_space", None)) for each in made],
        "wrapped": [isinstance(each, submission.SmallFrames) for each in made],
        "layers": [_layers(each, submission.SmallFrames) for each in made],
        "distinct": len({id(getattr(each, "unwrapped", each)) for each in made}),
    }
