"""Real games with somebody watching: what was asked of them, and which frames they gave."""

import itertools

import cv2
import gymnasium
import numpy as np

from grader.curriculum.preload.games import STARTED

PATIENCE = 600  # steps of one game, far more than any batch needs


class RanAway(Exception):
    pass


class Watched(gymnasium.Wrapper):
    """A real game with small frames. It ends when told to, turns dark when told to, and keeps a diary.

    `ends` lists after how many steps each episode ends, in turn; `how` is "terminated" or "truncated", or both words.
    `dark` is every how many frames one is black, 0 for none. Where steps are `numbered`, a pixel of each frame tells
    which step it is of, so that no two frames are alike.

    Wrappers of one game share its emulator, which is started ahead and gets no seed: to load the game anew, as a seed
    does, takes a tenth of a second. No check compares frames of two wrappers.
    """

    def __init__(self, name, diary, index, ends=(10**6,), how="terminated", dark=0, numbered=False):
        super().__init__(STARTED[name])
        self.observation_space = gymnasium.spaces.Box(0, 255, (3, 64, 64), np.float32)
        self.diary, self.index, self.how, self.dark, self.numbered = diary, index, how, dark, numbered
        self.ends, self.left, self.count = itertools.cycle(ends), 0, 0
        self.given, self.opening = [], []

    def small(self, frame):
        return np.moveaxis(cv2.resize(frame, (64, 64), interpolation=cv2.INTER_AREA), 2, 0).astype(np.float32)

    def reset(self, *, seed=None, options=None):
        observation, info = self.env.reset(options=options)
        self.diary.append(("reset", self.index, seed))
        self.left = next(self.ends)
        frame = self.small(observation)
        self.opening.append(frame.copy())
        return frame, info

    def step(self, action):
        if self.count == PATIENCE:
            raise RanAway
        observation, reward, _, _, info = self.env.step(action)
        self.left -= 1
        self.count += 1
        over = self.left == 0
        self.diary.append(("step" if self.left >= 0 else "step after the end", self.index, int(action)))
        frame = self.small(observation)
        if self.dark and self.count % self.dark == 0:
            frame = np.zeros_like(frame)
        if self.numbered:
            frame[:, 0, 0] = self.count
        self.given.append(frame.copy())
        return frame, reward, over and "terminated" in self.how, over and "truncated" in self.how, info

    def close(self):
        """Leave the emulator to the others."""


def play_some(submission, game, seed, count, ends, how):
    """Ask for some frames of one game; return them, those that its steps and its resets gave, and the diary.

    Also what the game's action space draws that begins with the seed.

    Told: `play` of {game:word} for {count:count frame}
    """
    diary = []
    env = Watched(game, diary, 0, ends, how, numbered=True)
    frames = submission.play(env, seed)
    before = len(diary)
    got = [frame.copy() for frame in itertools.islice(frames, count)]
    steps = [entry for entry in diary if entry[0] != "reset"]
    env.action_space.seed(seed)
    return {
        "got": got,
        "given": env.given,
        "opening": env.opening,
        "diary": diary,
        "before": before,
        "actions": [entry[2] for entry in steps],
        "drawn": [int(env.action_space.sample()) for _ in range(count)],
    }


def some_batches(submission, games, batch_size, seed, threshold, count, dark):
    """Ask for some batches out of several games; return them as they were and as they are, and the frames played.

    Told: `frame_batches` of {batch_size} out of {games:count game}, asked for {count:count batch}
    """
    diary = []
    envs = [Watched(name, diary, index, ends=(9, 6), how="truncated", dark=dark) for index, name in enumerate(games)]
    handed_out, copies, ran_away = [], [], False
    try:
        for batch in itertools.islice(submission.frame_batches(envs, batch_size, seed, threshold), count):
            handed_out.append(batch)
            copies.append(batch.clone() if hasattr(batch, "clone") else batch)
    except RanAway:
        ran_away = True
    return {
        "batches": copies,
        "later": handed_out,
        "ran_away": ran_away,
        "order": [entry[1] for entry in diary if entry[0] != "reset"],
        "seeds": [entry[2] for entry in diary if entry[0] == "reset"],
        "ends_ignored": any(entry[0] == "step after the end" for entry in diary),
        "given": [np.stack(env.given) if env.given else None for env in envs],
    }
