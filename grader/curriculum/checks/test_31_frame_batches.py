"""Hidden checks of 31: frames of real games, played by today's rules, scaled to what a tanh can produce."""

from itertools import pairwise

import pytest
import torch

from grader.compare import describe, expect, require

GAMES = ("ALE/Breakout-v5", "ALE/AirRaid-v5", "ALE/Pong-v5")
# Where the frames do not matter, three tables at which the same game is played: its emulator is started once.
TABLES = ("ALE/Pong-v5",) * 3
# Mean and standard deviation of each channel, as they stand in every example for networks from elsewhere.
IMAGENET = [torch.tensor(each).view(3, 1, 1) for each in ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))]
RAN_AWAY = "the games were played on and on, and the batches were never filled"


def whole(rng, low, high):
    return int(torch.randint(low, high, (), generator=rng))


def scaled(frames):
    """Return frames of 0 to 255 in the range -1 to 1."""
    return frames * (2 / 255) - 1


def slips(frames):
    """Return what else might become of frames."""
    return {
        "float64-leak": lambda t: t.dtype == "float64",
        "scaled-to-unit": frames / 255,
        "divided-by-256": frames / 128 - 1,
        "not-scaled": frames,
        "shift-forgotten": frames / 127.5,
        "scaled-by-their-own-range": lambda t: (
            (t.data.min() == -1 and t.data.max() == 1) or torch.allclose(t.data, frames / frames.max() * 2 - 1)
        ),
        "normalised-with-imagenet": (frames / 255 - IMAGENET[0]) / IMAGENET[1],
    }


@pytest.mark.step("to_batch")
def test_batch(submission, rng):
    """stacks the frames and brings them into the range from -1 to 1"""
    for count, size in ((3, (8, 6)), (1, (4, 7))):
        frames = torch.rand(count, 3, *size, generator=rng) * 180 + 20
        seen = submission.to_batch(list(frames.numpy()))
        expect(seen, slips(frames)).tensor(scaled(frames))


@pytest.mark.step("to_batch")
def test_frames_left_alone(submission, rng):
    """leaves the frames as they were, and shares no memory with them"""
    frames = [(torch.rand(3, 5, 4, generator=rng) * 255).numpy()]
    seen = submission.to_batch(frames)
    batch = expect(seen).is_tensor()
    kept = expect(seen.arguments[0] if seen.arguments else None, what="the list of frames").length(1)
    changed = {"mutates-caller": lambda a: a.shape == (3, 5, 4)}
    part = kept.item(0, "the caller's frame", changed)
    part.satisfies(
        lambda a: torch.equal(a.data, torch.from_numpy(frames[0])), "the caller's frame was changed",
        expected=describe(frames[0], values=True),
    )  # fmt: skip
    batch.tensor(scaled(torch.from_numpy(frames[0])).unsqueeze(0))


@pytest.mark.step("is_dark")
def test_dark(submission, rng):
    """tells a dark frame from one that shows something"""
    for threshold, sum_or_constant in ((2.0, "sum-for-average"), (30.0, "hard-coded-hyperparameters")):
        # One bright corner: the mean decides, not the brightest value or the one in the middle.
        corner = torch.zeros(3, 8, 8)
        corner[:, :2, :2] = 16.0
        cases = (
            (torch.zeros(3, 8, 8), True, "threshold-turned-round"),
            # Who got this right with the first threshold adds nothing up, and has never looked at the second one.
            (torch.full((3, 8, 8), threshold / 2), True, sum_or_constant),
            (torch.full((3, 8, 8), threshold), True, "boundary-left-out"),
            (corner * between(rng, 0.4, 0.9) * threshold, True, "brightest-pixel-decides"),
            # Whatever says dark here does not go by the middle value alone.
            (torch.full((3, 8, 8), threshold + 0.5), False, None),
            (corner * between(rng, 1.1, 2.0) * threshold, False, "most-pixels-decide"),
            *((in_channel(channel, 1.5 * threshold), False, "one-channel-decides") for channel in range(3)),
        )
        for frame, expected, name in cases:
            seen = submission.is_dark(frame.numpy(), threshold)
            named = {name: lambda v, expected=expected: bool(v) is not expected} if name else {}
            asked = expect(seen, named, what="the answer").given("True or False")
            asked.satisfies(
                lambda v: type(v).__name__ in ("bool", "bool_"), "the answer is not a bool", expected="True or False"
            )
            asked.satisfies(
                lambda v, expected=expected: bool(v) is expected, "the answer is not what was expected",
                expected=str(expected),
            )  # fmt: skip


def between(rng, low, high):
    return low + (high - low) * float(torch.rand((), generator=rng))


def in_channel(channel, mean):
    """Return a frame with this mean, all of whose light is in one channel."""
    frame = torch.zeros(3, 8, 8)
    frame[channel] = 3 * mean
    return frame


@pytest.mark.step("is_dark")
def test_dark_left_alone(submission, rng):
    """leaves the frame as it was"""
    frame = (torch.rand(3, 5, 4, generator=rng) * 255).numpy()
    expect(submission.is_dark(frame, 3.0)).keeps_argument(0, frame, "mutates-caller")


@pytest.mark.step("play")
def test_ends_of_episodes(submission, rng):
    """resets the game after each end of an episode, terminated or truncated, and at no other time"""
    submission.recognise({"old-gym-api": lambda error: "values to unpack" in error.message})
    game = GAMES[whole(rng, 0, 3)]
    for how in ("terminated", "truncated", "terminated and truncated"):
        ends = (whole(rng, 3, 6), whole(rng, 2, 5))
        seed = whole(rng, 0, 10**6)
        seen = submission.probe.play_some(game, seed, 14, ends, how)
        diary = expect(seen).item("diary", "the list of calls to the game")
        # After the last frame a reset may wait until the next one is asked for.
        calls = list(seen.value["diary"])
        if calls and calls[-1][0] == "reset":
            calls.pop()
        named = {
            "done-ignores-truncated": lambda _, ignored=how == "truncated" and _goes_on(calls): ignored,
            "done-ignores-terminated": lambda _, ignored=how == "terminated" and _goes_on(calls): ignored,
            "two-resets-for-one-end": lambda entry, calls=calls, how=how: (
                " and " in how and entry[0] == "reset" and _resets_twice(calls)
            ),
            "reseeds-each-episode": lambda _, again=[e[2] for e in calls if e[0] == "reset"][1:2] == [seed]: again,
        }
        expected = _expected_diary(seed, ends, 14)
        for index, (name, asked) in enumerate(expected):
            call = diary.item(index, f"call {index + 1} to the game", named)
            call.satisfies(
                lambda entry, name=name, asked=asked: entry[0] == name and (name == "step" or entry[2] == asked),
                f"call {index + 1} to the game is not what was expected",
                got=lambda entry: told(entry[0], entry[2]), expected=told(name, asked),
            )  # fmt: skip
        require(len(calls) == len(expected), "the game was played on after the last frame", got=f"{len(calls)} calls",
                expected=f"{len(expected)} calls", seen=seen)  # fmt: skip


def told(name, asked):
    """Return a call to a game in words; `asked` is the seed of a reset."""
    if name == "reset":
        return "a reset without a seed" if asked is None else f"a reset with the seed {asked}"
    return f"a {name} of the episode" if name == "step after the end" else "a step"


def _resets_twice(diary):
    return any(one[0] == other[0] == "reset" for one, other in pairwise(diary))


def _goes_on(diary):
    return any(entry[0] == "step after the end" for entry in diary)


def _expected_diary(seed, ends, count):
    """Return the calls that are due: (reset, seed) and (step, None)."""
    expected, length, episode = [("reset", seed)], 0, 0
    for played in range(count):
        expected.append(("step", None))
        length += 1
        if length == ends[episode % 2] and played < count - 1:
            expected.append(("reset", None))
            length, episode = 0, episode + 1
    return expected


@pytest.mark.step("play")
def test_gives_frames(submission, rng):
    """yields the frame of each step, and takes no step that was not asked for"""
    count, ends = whole(rng, 4, 9), (whole(rng, 2, 4), whole(rng, 2, 4))
    seen = submission.probe.play_some("ALE/Pong-v5", whole(rng, 0, 10**6), count, ends, "truncated")
    found = expect(seen)
    eager = {"plays-ahead": lambda value: value > 0}
    found.item("before", "the number of calls before the first frame was asked for", eager).equals(0)
    found.item("given", "the list of steps", {"plays-ahead": lambda v: len(v) > count}).length(count)
    got = found.item("got", "the list of frames").length(count)
    for index in range(count):
        given = seen.value["given"][index].data
        named = {"reset-frame-yielded": lambda a, i=index: _is_behind(seen.value, i) or _opens(seen.value, a)}
        frame = got.item(index, f"frame {index}", named)
        said = f"frame {index} is not the one that step {index + 1} of the game returned"
        frame.satisfies(
            lambda a, expected=given: torch.equal(a.data, expected), said, expected=describe(given.numpy(), values=True)
        )


def _opens(value, frame):
    """Tell whether a frame is one that a reset of the game returned."""
    return any(torch.equal(frame.data, each.data) for each in value["opening"])


def _is_behind(value, index):
    """Tell whether the frames lag behind the game's by one."""
    if index == 0:
        return len(value["got"]) > 1 and torch.equal(value["got"][1].data, value["given"][0].data)
    return torch.equal(value["got"][index].data, value["given"][index - 1].data)


@pytest.mark.step("play")
def test_actions(submission, rng):
    """draws actions at random, the same ones for the same seed"""
    seed, game = whole(rng, 0, 10**6), GAMES[whole(rng, 0, 3)]
    runs = [submission.probe.play_some(game, each, 24, (7, 9), "truncated") for each in (seed, seed, seed + 1)]
    first = expect(runs[0]).item("actions", "the list of actions").length(24)
    first.satisfies(
        lambda a: len(set(a)) > 1, "every action is the same", expected="actions drawn from the action space"
    )
    unseeded = {"action-space-not-seeded": lambda a: a != runs[0].value["actions"]}
    again = expect(runs[1]).item("actions", "the list of actions with the same seed", unseeded)
    again.equals(runs[0].value["actions"])
    other = expect(runs[2]).item("actions", "the list of actions with another seed")
    other.satisfies(lambda a: a != runs[0].value["actions"], "different seeds led to the same actions")
    drawn = expect(runs[0]).item("drawn", "the list of the action space's draws").length(24)._value
    again = {"reseeds-each-episode": lambda a: a == [*drawn[:7], *drawn[:9], *drawn[:7], *drawn[:1]]}
    # By now, the actions are known to be random, and to follow from the seed.
    again["not-the-global-generator"] = lambda a: a != drawn
    as_drawn = expect(runs[0]).item("actions", "the list of actions", again)
    as_drawn.satisfies(
        lambda a: a == drawn,
        "the actions are not those that the action space draws with that seed",
        expected=describe(drawn),
    )


def ask(submission, rng, count=3, dark=3, games=GAMES, threshold=1.0, seed=None, size=None):
    """Ask for some batches; return (seen, batch size)."""
    size = size or whole(rng, 3, 6)
    seed = whole(rng, 0, 10**6) if seed is None else seed
    return submission.probe.some_batches(list(games), size, seed, threshold, count, dark), size


def played(seen):
    """Return all frames in the order in which they were played, float32 (M, 3, 64, 64)."""
    taken = [iter(each.data) if each is not None else iter(()) for each in seen.value["given"]]
    return torch.stack([next(taken[index]) for index in seen.value["order"]])


@pytest.mark.step("frame_batches")
def test_batches(submission, rng):
    """fills each batch with the bright frames in the order in which they were played"""
    for threshold, games in ((1.0, GAMES), (70.0, GAMES[1:])):
        seen, size = ask(submission, rng, threshold=threshold, games=games)
        if games == GAMES:
            chosen = set(seen.value["order"])
        # Who never chooses some of the games is stuck for that reason.
        stuck = {"game-kept-after-dark": lambda ran_away: ran_away is True and len(chosen) == 3}
        expect(seen).item("ran_away", lookalikes=stuck).is_false(RAN_AWAY)
        batches = expect(seen).item("batches", "the list of batches").length(3)
        frames = played(seen)
        bright = frames[frames.mean(dim=(1, 2, 3)) > threshold]
        named = {"dark-frames-kept": lambda t, f=frames: _holds_dark(t, f, threshold)} | slips(bright[:size])
        for index in range(3):
            part = batches.item(index, f"batch {index}", named).shape(size, 3, 64, 64)
            expected = bright[index * size : (index + 1) * size]
            if len(expected) == size:
                part.tensor(scaled(expected))
            else:
                said = f"batch {index} contains frames that were not played, or the same frame twice"
                part.satisfies(lambda _: False, said)


def _holds_dark(batch, frames, threshold):
    """Tell whether a batch has dark frames in it, whatever it was scaled to."""
    dark = scaled(frames[frames.mean(dim=(1, 2, 3)) <= threshold])
    return any(torch.allclose(frame, each, atol=1e-4) for frame in batch.data for each in dark)


@pytest.mark.step("frame_batches")
def test_not_changed_later(submission, rng):
    """hands out batches that do not change later"""
    seen, size = ask(submission, rng, games=TABLES[:1])
    first = expect(seen).item("batches").length(3)
    later = expect(seen).item("later").length(3)
    for index in range(3):
        expected = first.item(index, f"batch {index}").shape(size, 3, 64, 64)._value.data
        named = {"batch-list-reused": lambda t, expected=expected: t.shape == tuple(expected.shape)}
        later.item(index, f"batch {index}, looked at once more at the end,", named).values(expected)


@pytest.mark.step("frame_batches")
def test_no_more_than_needed(submission, rng):
    """plays no more frames than its batches need"""
    seen, size = ask(submission, rng, dark=0, games=TABLES[1:], size=1)
    expect(seen).item("order", "the list of frames played", {"plays-ahead": lambda v: len(v) > 3 * size}).length(
        3 * size
    )


@pytest.mark.step("frame_batches")
def test_chooses_games(submission, rng):
    """chooses among all games at random, the same way for the same seed"""
    seed = whole(rng, 0, 10**6)
    runs = [submission.probe.some_batches(list(TABLES), 15, each, 1.0, 2, 0) for each in (seed, seed, seed + 1)]
    for run in runs:
        expect(run).item("order", "the list of the games played").length(30)
    first, _, other = (run.value["order"] for run in runs)
    named = {
        "one-game-only": lambda v: len(set(v)) == 1,
        "games-in-turn": lambda v: all(v[i] != v[i + 1] for i in range(29)),
        "reseeded-at-each-call": lambda v: v[:15] == v[15:],
    }
    order = expect(runs[0]).item("order", "the list of the games played", named)
    # Chance alone might leave out a game in one run, or a game's second turn: not in two.
    order.satisfies(lambda v: {*v, *other} == {0, 1, 2}, "some games were never played", expected="all three games")
    once = "no game was ever chosen twice in a row"
    order.satisfies(lambda v: any(each[i] == each[i + 1] for each in (v, other) for i in range(29)), once)
    rounds = "the games take turns: each three turns show all three games"
    order.satisfies(
        lambda v: any(len(set(v[i : i + 3])) < 3 for i in range(0, 30, 3)), rounds, misconception="games-in-turn"
    )
    order.satisfies(lambda v: v[:15] != v[15:], "the second batch chose the games in the same order as the first")
    unseeded = {"chooser-not-seeded": lambda v: v != first}
    expect(runs[1]).item("order", "the list of the games played with the same seed", unseeded).equals(first)
    expect(runs[2]).item("order").satisfies(lambda v: v != first, "different seeds led to the same order of games")


@pytest.mark.step("frame_batches")
def test_chooses_after_dark(submission, rng):
    """chooses a game anew after a dark frame, too"""
    seen = submission.probe.some_batches(list(TABLES), 8, whole(rng, 0, 10**6), 1.0, 2, 2)
    expect(seen).item("ran_away").is_false(RAN_AWAY)
    order = expect(seen).item("order").satisfies(len, "no game was played")._value
    frames = played(seen)
    dark = [index for index in range(len(order) - 1) if frames[index].mean() <= 1.0]
    kept = [order[index + 1] == order[index] for index in dark]
    expect(kept).satisfies(
        lambda stayed: len(set(order)) == 1 or not all(stayed), "after a dark frame, the same game was always chosen",
        got="", expected="another game now and then", misconception="game-kept-after-dark",
    )  # fmt: skip


@pytest.mark.step("frame_batches")
def test_seeds(submission, rng):
    """gives each game a seed of its own and touches no global random state"""
    seed = whole(rng, 0, 10**6)
    seen, _ = ask(submission, rng, count=6, seed=seed, games=TABLES)
    asked = expect(seen)
    same = {"one-seed-for-all-games": lambda v: [each for each in v if each is not None] == [seed] * 3}
    asked.item("seeds", "the list of seeds given to `reset`", same).satisfies(
        lambda v: sorted(each for each in v if each is not None) == [seed, seed + 1, seed + 2],
        "the games were reset with other seeds than expected", expected=f"{seed}, {seed + 1} and {seed + 2}, once each",
    )  # fmt: skip
    asked.keeps_globals(misconception="global-rng-touched")
