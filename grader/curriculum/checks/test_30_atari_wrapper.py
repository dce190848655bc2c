"""Hidden checks of 30: frames of real games come out small, channels first, float32, and declared as such."""

import cv2
import numpy as np
import pytest
import torch

from grader.compare import describe, expect, require

SIZES = ((48, 64), (64, 40))
OTHER_SIZE = (20, 30)  # of another wrapper that is around
GAMES = ("ALE/Breakout-v5", "ALE/AirRaid-v5", "ALE/Pong-v5")


def whole(rng, low, high):
    return int(torch.randint(low, high, (), generator=rng))


def expected_frame(frame, size):
    """Return what step 1 makes of a frame, float32 (3, height, width)."""
    small = cv2.resize(frame.astype(np.float32), size[::-1], interpolation=cv2.INTER_AREA)
    return torch.from_numpy(np.moveaxis(small, 2, 0).copy())


def interpolated(frame, size):
    """Return what cv2 makes of a frame with other ways to resize, the way that it has by default among them."""
    for way in (cv2.INTER_LINEAR, cv2.INTER_NEAREST, cv2.INTER_CUBIC, cv2.INTER_LANCZOS4):
        small = cv2.resize(frame, size[::-1], interpolation=way)
        yield torch.from_numpy(np.moveaxis(small, 2, 0).copy())


def slips(frame, size):
    """Return what each misconception makes of a frame, the more specific first."""
    height, width = size
    expected = expected_frame(frame, size)
    return {
        "reset-left-raw": lambda a: raw(a, frame),
        "hwc-kept": lambda a: a.shape in ((height, width, 3), (width, height, 3)),
        "record-shared-by-all": lambda a: a.shape == (3, *OTHER_SIZE),
        "width-height-swapped": lambda a: a.shape == (3, width, height) != expected.shape,
        "columns-for-rows": lambda a: close_to(a.data, on_its_side(frame, size)),
        "hard-coded-size": lambda a: a.shape == (3, 64, 64) and size != (64, 64),
        "uint8-kept": lambda a: a.dtype == "uint8",
        "float64-leak": lambda a: a.dtype == "float64",
        "reshape-moves-no-axis": lambda a: close_to(a.data, expected.permute(1, 2, 0).reshape(3, height, width)),
        "pixels-scaled": lambda a: float(a.data.max()) < 1.5,
        "interpolation-ignored": lambda a: (
            any(close_to(a.data, each) for each in interpolated(frame, size)) or same_picture(a.data, expected)
        ),
        "colours-reversed": lambda a: close_to(a.data, expected.flip(0)),
    }


def same_picture(got, expected):
    """Tell whether this is the frame in small, but with other pixels looked at: alike from afar, not in each pixel.

    Of 120 frames of noise, 30 other ways to resize correlate with the expected one at 0.48 to 0.97, and their pixels
    spread 0.69 to 0.94 or 1.04 to 2.5 times as far. Those of a frame that was cut or moved spread as far, 0.95 to 1.03;
    a grey one's channels are all the same. A few ways that look at one pixel alone correlate less, as other slips do.
    """
    if got.shape != expected.shape:
        return False
    got, expected = got.double(), expected.double()
    alike = float(torch.corrcoef(torch.stack([got.flatten(), expected.flatten()]))[0, 1])
    spread = float(got.std() / expected.std())
    grey = bool((got == got[:1]).all())
    close = abs(float(got.mean() - expected.mean())) < 1.5
    return close and not grey and 0.45 < alike < 0.98 and (0.6 < spread < 0.945 or 1.04 < spread < 2.6)


def on_its_side(frame, size):
    """Return the frame made small with height and width in each other's place, and then turned over its diagonal."""
    return torch.from_numpy(cv2.resize(frame.astype(np.float32), size, interpolation=cv2.INTER_AREA).T.copy())


def raw(got, frame):
    """Tell whether a frame came through as the game gave it."""
    return got.shape == frame.shape and bool((got.data.double() == torch.from_numpy(frame).double()).all())


def close_to(got, expected):
    """Tell whether frames agree but for rounding to whole numbers."""
    return bool((got.double() - expected.double()).abs().max() <= 1.01)


def ask_for_frame(expectation, what, frame, size):
    """Ask for a numpy array that is the frame in small, whether it was rounded on the way or not."""
    expected = expected_frame(frame, size)
    expectation.given().satisfies(
        lambda a: hasattr(a, "shares_with") and not hasattr(a, "is_leaf"),
        f"{what} is not a numpy array",
        expected="a numpy array",
    )
    shape = tuple(expected.shape)
    expectation.satisfies(lambda a: a.shape == shape, f"{what} has the wrong shape", expected=f"shape {shape}")
    expectation.satisfies(lambda a: a.dtype == "float32", f"{what} has the wrong dtype", expected="float32")
    expectation.satisfies(
        lambda a: close_to(a.data, expected), f"{what} has the wrong values",
        expected=f"{describe(expected.numpy(), values=True)}, but for rounding",
    )  # fmt: skip


@pytest.mark.step("resize_frame")
def test_frame(submission, rng):
    """makes frames small, channels first and float32"""
    for size, rows in zip(SIZES, (210, 250), strict=True):
        frame = torch.randint(0, 256, (rows, 160, 3), generator=rng, dtype=torch.uint8).numpy()
        seen = submission.resize_frame(frame, size)
        ask_for_frame(expect(seen, slips(frame, size)), "the result", frame, size)


@pytest.mark.step("resize_frame")
def test_frame_left_alone(submission, rng):
    """leaves the game's frame as it was"""
    frame = torch.randint(0, 256, (210, 160, 3), generator=rng, dtype=torch.uint8).numpy()
    expect(submission.resize_frame(frame, (48, 64))).keeps_argument(0, frame, "mutates-caller")


def ask_for_space(expectation, size, old=None):
    """Ask for the description of the right Box."""
    named = {
        "space-not-updated": lambda v: v.get("shape") == old or v.get("dtype") == "uint8",
        "record-shared-by-all": lambda v: v.get("shape") == (3, *OTHER_SIZE),
        "width-height-swapped": lambda v: v.get("shape") == (3, size[1], size[0]),
        "hwc-kept": lambda v: v.get("shape") == (*size, 3),
        "hard-coded-size": lambda v: v.get("shape") == (3, 64, 64),
        "pixels-scaled": lambda v: v.get("bounds") == [0.0, 0.0, 1.0, 1.0],
    }
    space = expect(expectation._value, named, what="the declared space")
    said = "the declared space is not a gymnasium.spaces.Box"
    space.satisfies(lambda v: isinstance(v, dict) and "bounds" in v, said, expected="a gymnasium.spaces.Box")
    for key, expected in (("shape", (3, *size)), ("dtype", "float32"), ("bounds", [0.0, 0.0, 255.0, 255.0])):
        space.satisfies(
            lambda v, key=key, expected=expected: v[key] == expected,
            f"the declared space has the wrong {key}",
            got=lambda v, key=key: told(key, v[key]),
            expected=told(key, expected),
        )


def told(key, found):
    """Return one fact of a space in words."""
    if key != "bounds":
        return str(found)
    low, other_low, high, other_high = map(describe, found)
    if (low, high) == (other_low, other_high):
        return f"from {low} to {high}"
    return f"from {low} or {other_low} to {high} or {other_high}"


@pytest.mark.step("frame_space")
def test_space(submission):
    """declares shape, dtype and bounds for any size"""
    for size in SIZES:
        ask_for_space(expect(submission.probe.space(size)), size)


@pytest.mark.step("SmallFrames")
def test_real_games(submission, rng):
    """gives small frames of real games, from reset and from step"""
    for game, size in zip((GAMES[whole(rng, 0, 2)], "ALE/Pong-v5"), SIZES, strict=True):
        seen = submission.probe.wrapped(game, whole(rng, 0, 10**6), size)
        frames, given = expect(seen).item("frames").length(4), expect(seen).item("given").length(4)
        for index in range(4):
            frame = seen.value["frames"][index].data.numpy()
            where = "the frame of reset" if index == 0 else f"the frame of step {index}"
            ask_for_frame(given.item(index, where, slips(frame, size)), where, frame, size)
        require(bool(frames), "no frames")


@pytest.mark.step("SmallFrames")
def test_declares_them(submission, rng):
    """declares a space that contains its frames"""
    for size in SIZES:
        seen = submission.probe.wrapped("ALE/Breakout-v5", whole(rng, 0, 10**6), size)
        ask_for_space(expect(seen).item("space"), size, old=(210, 160, 3))
        contained = expect(seen).item("contained")
        said = "the declared space does not contain every observation"
        contained.satisfies(lambda found: found == [True] * 4, said, got="")


@pytest.mark.step("SmallFrames")
def test_default_size(submission, rng):
    """gives frames of 64 by 64 unless told otherwise"""
    seen = submission.probe.wrapped("ALE/AirRaid-v5", whole(rng, 0, 10**6), None)
    ask_for_space(expect(seen).item("space"), (64, 64), old=(250, 160, 3))
    frame = expect(seen).item("frames").length(4)._value[0].data.numpy()
    given = expect(seen).item("given").length(4).item(0, "the frame of reset", slips(frame, (64, 64)))
    ask_for_frame(given, "the frame of reset", frame, (64, 64))


@pytest.mark.step("SmallFrames")
def test_is_a_wrapper(submission, rng):
    """leaves the rest of the game as it is"""
    seen = expect(submission.probe.wrapped("ALE/Pong-v5", whole(rng, 0, 10**6), (48, 64)))
    seen.item("is_wrapper").is_true("SmallFrames is not a subclass of gymnasium.ObservationWrapper")
    for key in ("game_space", "own_space"):
        old = {"shape": (210, 160, 3), "dtype": "uint8", "bounds": [0.0, 0.0, 255.0, 255.0]}
        seen.item(key, "the game's own observation space").equals(old)
    seen.item("same_actions").is_true("the action space is not that of the game")
    seen.item("seen_through").is_true("`unwrapped` is not the game")


@pytest.mark.step("make_games")
def test_games(submission, rng):
    """makes each game that was asked for, wrapped"""
    order = torch.randperm(3, generator=rng).tolist()
    names = [GAMES[index] for index in order] + [GAMES[order[0]]]
    size = SIZES[whole(rng, 0, 2)]
    seen = submission.probe.games(names, size)
    found = expect(seen)
    found.satisfies(lambda value: isinstance(value, dict), "the result is not a list", expected="a list of games")
    named = {"one-game-for-all": lambda ids: set(ids) < set(names)}
    found.item("ids", "the list of the games' ids", named).equals(names)
    wrapped = found.item("wrapped", lookalikes={"wrapper-forgotten": [False] * 4})
    wrapped.satisfies(lambda flags: flags == [True] * 4, "not every game is a SmallFrames", got="")
    found.item("layers", "the list of how often each game is wrapped in a SmallFrames").equals([1] * 4)
    for index in range(4):
        spaces = found.item("spaces").length(4)
        ask_for_space(spaces.item(index), size)
    found.item("distinct", "the number of distinct games", {"one-game-for-all": lambda count: count < 4}).equals(4)
