"""Hidden checks of 37: the process function, what hangs on the engine and in which order, and how the run ends."""

import math
from itertools import pairwise

import pytest
import torch

from grader.compare import expect, require
from grader.curriculum.checks._gan_training import (
    TAGS,
    Task,
    curve,
    expect_end,
    expect_paths,
    expect_picture,
    expect_points,
    expect_throughout,
    grid_of,
    in_blocks,
    pixels_of,
    values_in,
    whole_number,
)

METRICS = {"dis_loss": "avg_loss_dis", "gen_loss": "avg_loss_gen"}


def _running(values):
    """Return the running averages that Ignite makes of values."""
    averages = values[:1]
    for value in values[1:]:
        averages.append(0.98 * averages[-1] + 0.02 * value)
    return averages


# Step 1


def _process(submission, rng, device):
    task = Task(rng, batch=whole_number(rng, 2, 5), batches=4)
    task.reference(4)
    seen = submission.probe.process(task.judge, task.forger, task.real, task.seed, task.lr, device)
    return task, expect(seen)


@pytest.mark.step("make_process_function")
def test_outputs(submission, rng, device):
    """returns the discriminator's and the generator's loss as floats"""
    task, seen = _process(submission, rng, device)
    outputs = seen.item("outputs", "the list of outputs").length(4)
    tolerance = 1e-4 if device.type == "cpu" else 2e-3
    for index in range(4):
        expected = [task.losses[tag][index] for tag in TAGS]

        def near(pair, expected=expected):
            return all(math.isclose(each, other, rel_tol=tolerance) for each, other in zip(pair, expected, strict=True))

        pair = outputs.item(index, f"output {index + 1}", {"losses-swapped": lambda pair, near=near: near(pair[::-1])})
        pair.is_a(tuple).length(2)
        for place, net in enumerate(("discriminator", "generator")):
            named = {
                "returns-graph-tensor": lambda t: t.requires_grad,
                "scalar-tensor-not-number": lambda t: hasattr(t, "requires_grad") and tuple(t.shape) == (),
            }
            pair.item(place, f"the {net}'s loss in output {index + 1}", named).is_a(float)
        pair.satisfies(
            near, f"output {index + 1} is not the pair of losses", expected=f"({expected[0]:.5g}, {expected[1]:.5g})"
        )


@pytest.mark.step("make_process_function")
def test_trains_both(submission, rng, device):
    """trains both nets on the batch and on one latent for each frame"""
    task, seen = _process(submission, rng, device)
    again = {"fakes-made-anew": lambda latents: len(latents) > 4}
    latents = seen.item("latents", "the list of latents that the generator network saw", again).length(4)
    flags = {name: seen._value.get(name) for name in ("drawn", "global", "reached", "sampled")}
    first, count = latents.item(0, "latent 1").is_tensor()._value, len(task.latents[0])
    named = {
        "hard-coded-size": lambda t: t.shape[1:] == (100, 1, 1) and len(t.data) != count,
        "reseeded-at-each-call": lambda t: flags["sampled"] == 4 and torch.equal(t.data, first.data),
        "global-rng-touched": lambda t: flags["global"] and not flags["drawn"],
        "latent-uniform": lambda t: t.data.min() >= 0 and t.data.max() < 1,
    }
    for index in (1, 0, 2, 3):
        latents.item(index, f"latent {index + 1}", named).tensor(task.latents[index])
    drawn = seen.item("drawn", lookalikes={"random-state-forgotten": False})
    drawn.is_true("the latents were not drawn from gan.generator itself")
    seen.item("sampled", "the number of calls to sample_latent").equals(4)
    order = ["discriminator_step", "generator_step"] * 4
    seen.item("steps", "the list of updates in order", {"generator-goes-first": order[::-1]}).equals(order)
    named = {"detached-generator": lambda t: not flags["reached"] and torch.equal(t.data.cpu(), task.forger)}
    forger = seen.item("forger", "the weight of the generator network after the run", named)
    forger.tensor(task.trained["forger"], device=device)
    judge = seen.item("judge", "the weight of the discriminator after the run")
    judge.tensor(task.trained["judge"], device=device)
    expect_throughout(seen, {"mode-not-restored": False})


@pytest.mark.step("make_process_function")
def test_leaves_frames(submission, rng, device):
    """leaves real and fake frames in the state, with no graph behind them"""
    task, seen = _process(submission, rng, device)
    left = seen.item("left", "the list of what was left in the state").length(4)
    for index in range(4):
        named = {"frames-swapped": task.fakes[index]}
        real = left.item(index).item("real", "engine.state.real", named)
        real.tensor(task.real[index], device=device).requires_grad(False)
        named = {"returns-graph-tensor": lambda t: t.requires_grad, "frames-swapped": task.real[index]}
        fake = left.item(index).item("fake", "engine.state.fake", named)
        fake.requires_grad(False).tensor(task.fakes[index], device=device)


@pytest.mark.step("make_process_function")
def test_device(submission):
    """moves frames and latents to the device that it is given, batches of all sizes"""
    submission.recognise({"hard-coded-device": lambda error: "Cannot copy out of meta tensor" in error.message})
    seen = expect(submission.probe.places([66, 3], torch.device("meta")))
    _expect_meta(seen)
    named = {"drawn-on-another-device": lambda places: "meta" in places}
    drawn = seen.item("drawn", lookalikes=named)
    said = "torch.randn was called with gan.generator, but for another device than the generator's"
    drawn.satisfies(lambda places: "meta" not in places, said, got="")
    left = seen.item("left", lookalikes={"hard-coded-device": ["cpu", "cpu"]})
    said = "the frames that were left in the state are not on the device that was given"
    left.satisfies(lambda places: "meta" in places, said, got="")
    counts = seen.item("counts", "the list of the numbers of real and fake frames in the state, batch by batch,")
    counts.equals([[66, 66], [3, 3]])


def _expect_meta(seen):
    for name in ("latents", "real"):
        named = {"hard-coded-device": lambda places: set(places) == {"cpu"}}
        frames = "latents" if name == "latents" else "real frames"
        seen.item(name, lookalikes=named).satisfies(
            lambda places: set(places) == {"meta"}, f"{frames} were not on the device that was given", got=""
        )


# Step 2


@pytest.mark.step("attach_averages")
def test_averages(submission, rng):
    """keeps a running average of each loss under its name"""
    outputs = (torch.rand(6, 2, generator=rng) + torch.tensor([0.0, 3.0])).double().tolist()
    seen = submission.probe.averages(outputs)
    metrics = expect(seen).item("metrics", "the list of metrics").length(6)
    kept, one_line = seen.value["metrics"], seen.value["one line"]
    dis, gen = ([pair[place] for pair in outputs] for place in range(2))
    for name, mine, other in (("avg_loss_dis", dis, gen), ("avg_loss_gen", gen, dis)):
        swapped = [mine[0]]
        for value in mine[1:]:
            swapped.append(0.02 * swapped[-1] + 0.98 * value)
        for index in range(6):
            named = {
                "closure-sees-last-value": lambda _, index=index: one_line and len(set(kept[index].values())) == 1,
                "output-index-swapped": _running(other)[index],
                "decay-swapped": lambda found, expected=swapped[index]: math.isclose(found, expected, rel_tol=1e-6),
                "mean-is-not-running": sum(mine[: index + 1]) / (index + 1),
                "last-for-average": mine[index],
            }
            after = f"after iteration {index + 1}"
            part = metrics.item(index, f"the dict of metrics {after}").item(name, f"{name} {after}", named)
            part.equals(_running(mine)[index])


# Step 3


@pytest.mark.step("attach_logger")
def test_logger(submission, rng, device):
    """writes both averages every so often, under their tags, into its folder"""
    _expect_logged(submission, rng, device, 104, 0)


@pytest.mark.step("attach_logger")
def test_late_logger(submission, rng, device):
    """writes both averages at the engine's iteration numbers, wherever these begin"""
    _expect_logged(submission, rng, device, 9, whole_number(rng, 11, 19))


def _expect_logged(submission, rng, device, count, done):
    every, log_dir = whole_number(rng, 2, 5), f"logs/{whole_number(rng, 0, 100)}"
    rows = torch.rand(count, 3, generator=rng).double().tolist()
    names = ("avg_loss_dis", "avg_loss_gen", "seconds")
    seen = submission.probe.logged(log_dir, [dict(zip(names, row, strict=True)) for row in rows], every, done)
    kind = "ignite.handlers.tensorboard_logger.TensorboardLogger"
    answered = expect(seen).item("kind").is_a(str)
    answered.satisfies(lambda v: v != "builtins.NoneType", "the result is None; is a `return` missing?", got="None")
    answered.satisfies(lambda v: v == kind, "the result has the wrong type", got=str, expected=kind)
    named = {"contrib-import": lambda modules: len(modules) > 0}
    expect(seen).item("contrib", "the list of modules imported from ignite.contrib", named).equals([])
    same = expect(seen).item("same", lookalikes={"state-between-calls": True})
    same.is_false("two engines got one and the same logger")
    named = {
        "add-scalars-makes-runs": lambda found: any(name.endswith("avg_loss_dis") for name in found),
        "log-dir-ignored": lambda found: len(found) > 0 and log_dir not in found,
    }
    runs = expect(seen).item("runs", "the dict of event files", named).is_a(dict)
    runs.satisfies(
        lambda found: {log_dir} >= set(found), "event files were written into other folders",
        got=lambda found: f"files in {', '.join(found)}", expected=f"all files in {log_dir}",
    )  # fmt: skip
    values = values_in(seen, log_dir)
    closed = expect(seen).item("closed", lookalikes={"closes-callers-writer": True})
    closed.is_false("the logger was closed")
    expected = ["train/avg_loss_dis", "train/avg_loss_gen"]
    tags = sorted({value.tag for _, value in values})
    named = {"logs-all-metrics": [*expected, "train/seconds"], "wrong-tag": lambda tags: len(tags) == 2}
    expect(tags, named, what="the list of tags").equals(expected)
    for place, tag in enumerate(expected):
        all_points = [(done + index, row[place]) for index, row in enumerate(rows, start=1)]
        points = [(step, value) for step, value in all_points if step % every == 0]
        before = [(step, value) for (_, value), (step, _) in pairwise(all_points) if step % every == 0]
        named = {
            "output-index-swapped": [(step, rows[step - done - 1][1 - place]) for step, _ in points],
            "every-ignored": lambda found, wrong=(all_points, all_points[99:100]): any(
                [step for step, _ in found] == [step for step, _ in each] != [] for each in wrong
            ),
            "wrong-event": lambda found, end=done + count, before=before: (
                [step for step, _ in found] in ([1], [end]) or _near(found, before)
            ),
            "once-is-not-every": points[:1],
            "last-for-average": [(step, done - step - (0.0, 199.0)[place]) for step, _ in points],
            "step-missing": lambda found, points=points: (
                len(points) > 1 and any(_near(found, [(at, value) for _, value in points]) for at in (0, 1))
            ),
            "step-counts-from-zero": lambda found, points=points: any(
                _near(found, [(index, value) for index, (_, value) in enumerate(points, start)]) for start in (0, 1)
            ),
        }
        expect_points(curve(values, tag), points, f"the curve {tag}", named, device)


def _near(found, expected):
    """Whether two lists of (step, value) are the same, apart from rounding."""
    return len(found) == len(expected) and all(
        left == right and math.isclose(one, other, rel_tol=1e-4)
        for (left, one), (right, other) in zip(found, expected, strict=True)
    )


# Step 4


def _expect_images(seen, folder, expected_frames, steps, done=0):
    """Ask for the images in the event file, and for the pictures beside it."""
    values = values_in(seen, folder)
    images = {(step, value.tag): value.image.encoded_image_string for step, value in values if value.HasField("image")}
    expected = sorted((step, tag) for step in steps for tag in expected_frames)
    paths = {(step, tag): f"{folder}/{tag}_{step:06}.png" for step, tag in expected}
    named = {"log-dir-ignored": lambda found: (
        sorted(path.split("/")[-1] for path in found) == sorted(path.split("/")[-1] for path in paths.values())
    )}  # fmt: skip
    pictures = expect(seen).item("pictures", "the dict of pictures", named).is_a(dict)
    in_place = sorted(seen.value["pictures"]) == sorted(paths.values())
    running = [
        sorted((index, tag) for index in range(start, start + len(steps)) for tag in expected_frames)
        for start in (0, 1)
    ]
    named = {
        "every-ignored": lambda found: len(found) > len(expected) and set(found) > set(expected),
        "once-is-not-every": lambda found: len(steps) > 1 and found == expected[: len(expected_frames)],
        "step-missing": lambda found: in_place and found == [(0, tag) for tag in sorted(expected_frames)],
        "step-counts-from-zero": lambda found: in_place and found in running,
    }
    expect(sorted(images), named, what="the list of (step, tag) of all images").equals(expected)
    expect_paths(pictures, sorted(paths.values()))
    for step, tag in expected:
        frames = expected_frames[tag][step - done - 1]
        other = expected_frames["fake" if tag == "real" else "real"][step - done - 1]
        late = expected_frames[tag][step - done - 2]
        name = f'the image "{tag}" at step {step}'
        wrong = "real" if tag == "fake" else "fake"
        said = f"{name} shows the {wrong} frames"
        require(not _shows(images[step, tag], other), said, misconception="frames-swapped")
        said = f"{name} shows the frames of the iteration before"
        require(not _shows(images[step, tag], late), said, misconception="wrong-event")
        expect_picture(pixels_of(images[step, tag]), frames, f'the image "{tag}" at step {step}')
        blob = pictures.item(paths[step, tag], paths[step, tag]).dtype(torch.uint8)
        expect_picture(pixels_of(blob._value.data.numpy().tobytes()), frames, f"the picture {paths[step, tag]}")


def _shows(png, frames):
    pixels, expected = pixels_of(png), grid_of(frames)
    return pixels.shape == expected.shape and torch.allclose(pixels, expected, atol=2 / 255)


@pytest.mark.step("attach_images")
def test_images(submission, rng):
    """shows real and fake frames every so often"""
    _expect_all_images(submission, rng, whole_number(rng, 2, 3), 0)


@pytest.mark.step("attach_images")
def test_late_images(submission, rng):
    """shows images after many iterations, too"""
    _expect_all_images(submission, rng, whole_number(rng, 2, 3), 999_996)


def _expect_all_images(submission, rng, every, done):
    frames = {tag: in_blocks(torch.rand(7, 3, 3, 4, 4, generator=rng) * 1.2 - 0.7) for tag in ("real", "fake")}
    seen = submission.probe.images(frames["real"], frames["fake"], every, done)
    closed = expect(seen).item("closed", lookalikes={"closes-callers-writer": True})
    closed.is_false("the logger was closed")
    steps = [step for step in range(done + 1, done + 8) if step % every == 0]
    _expect_images(seen, "logs/gan", frames, steps, done)
    unchanged = expect(seen).item("unchanged", lookalikes={"mutates-caller": False})
    unchanged.is_true("the frames in the state were changed")


# Step 5


@pytest.mark.step("train")
def test_together(submission, rng, device):
    """logs averages that hold the loss of their own iteration, and images"""
    task, every = Task(rng, batches=9), whole_number(rng, 2, 4)
    seen = task.run(submission.probe, 6, every, 5, device)
    expect_end(seen, "returned", "after 6 iterations", {"infinite-run": "it ran on without end"})
    expect(seen).item("taken", "the number of batches taken").equals(6)
    values = values_in(seen, "logs/gan")
    for tag in TAGS:
        averages = _running(task.losses[tag])
        expected = [(step, averages[step - 1]) for step in range(every, 7, every)]
        named = {
            "metric-attached-late": [(step, averages[step - 2]) for step, _ in expected],
            "every-ignored": list(enumerate(averages, start=1)),
        }
        expect_points(
            curve(values, f"train/{METRICS[tag]}"), expected, f"the curve train/{METRICS[tag]}", named, device
        )
    _expect_images(seen, "logs/gan", {"real": task.real, "fake": task.fakes}, [5])
    counts = [0, 0, 0, 0, 2, 2]
    early = {"told-too-early": lambda found: len(found) == 6 and sum(found) < sum(counts)}
    shown = expect(seen).item("shown", "the list of the numbers of pictures at each call of after_iteration", early)
    shown.equals(counts)
    expect_throughout(expect(seen), {"mode-not-restored": False})
    touched = expect(seen).item("global", lookalikes={"global-rng-touched": True})
    touched.is_false("torch's global random state was changed")


@pytest.mark.step("train")
def test_device_of_training(submission):
    """trains on the device that it is given"""
    _expect_meta(expect(submission.probe.places_in_training(torch.device("meta"))))


@pytest.mark.step("train")
def test_counts(submission, rng, device):
    """runs as many iterations as are left, and continues to count from those before"""
    done = whole_number(rng, 3, 6)
    task = Task(rng, batches=9, done=done)
    seen = task.run(submission.probe, done + 4, 2, 100, device)
    expect_end(seen, "returned", "after 4 iterations", {"infinite-run": "it ran on without end"})
    named = {"resume-starts-anew": lambda taken: taken == done + 4 and len(seen.value["after"]) != 4}
    expect(seen).item("taken", "the number of batches taken", named).equals(4)
    numbers = [(number, number) for number in range(done + 1, done + 5)]
    early = {
        "told-too-early": lambda found: (
            found == [(n, n - 1) for n, _ in numbers] and seen.value["iteration"] == done + 4
        )
    }
    what = "the list of (argument, gan.iteration) in each call of after_iteration"
    expect(seen).item("after", what, early).equals(numbers)
    expect(seen).item("iteration", "gan.iteration after the call").equals(done + 4)
    expect(seen).item("state", "the iteration of the returned state").equals(done + 4)
    for name, what in (("judge", "the discriminator"), ("forger", "the generator network")):
        expect(seen).item(name, f"the weight of {what} after the call").tensor(task.trained[name], device=device)


@pytest.mark.step("train")
def test_nothing_left(submission, rng, device):
    """takes no batch where nothing is left to do"""
    submission.recognise({"another-number-of-steps": lambda error: "zero size" in error.message})
    task = Task(rng, batches=3)
    for done, iterations in ((4, 2), (4, 4), (0, 0)):
        task.real = task.real[:3]
        seen = expect(submission.probe.train(
            task.judge, task.forger, task.real, done, iterations, 2, 100, task.seed, task.lr, device, "",
        ))  # fmt: skip
        named = {"infinite-run": lambda count: count == 3, "resume-starts-anew": lambda count, n=iterations: count == n}
        named["another-number-of-steps"] = lambda count: count == 1
        seen.item("taken", "the number of batches taken", named).equals(0)
        seen.item("iteration", "gan.iteration after the call").equals(done)
        answered = seen.item("kind").is_a(str)
        answered.satisfies(lambda v: v == "State", "the result has the wrong type", got=str, expected="State")


@pytest.mark.step("train")
def test_defaults(submission, rng, device):
    """reports every 100 and shows images every 1000 iterations unless told otherwise"""
    curves = {f"train/{name}" for name in METRICS.values()}
    for done, expected in ((98, curves), (998, curves | {"real", "fake"})):
        task = Task(rng, batches=3, done=done)
        values = values_in(task.run(submission.probe, done + 3, None, None, device), "logs/gan")
        found = sorted((step, value.tag) for step, value in values if step > done)
        expect(found, what="the list of (step, tag) of all that was written").equals(
            sorted((done + 2, tag) for tag in expected)
        )


@pytest.mark.step("train")
def test_ctrl_c(submission, rng, device):
    """ends early and quietly on Ctrl-C"""
    task = Task(rng, batches=5)
    seen = task.run(submission.probe, 9, 2, 100, device, "ctrl-c")
    values = values_in(seen, "logs/gan")
    expect_end(seen, "returned", "after Ctrl-C", {"ctrl-c-escapes": "KeyboardInterrupt"})
    expect(seen).item("iteration", "gan.iteration after the call").equals(5)
    expect([step for step, _ in curve(values, "train/avg_loss_dis")], what="the list of logged steps").equals([2, 4])
    seen = task.run(submission.probe, 9, 100, 100, device, "told ctrl-c")
    expect_end(seen, "returned", "after Ctrl-C in after_iteration", {"ctrl-c-escapes": "KeyboardInterrupt"})
    expect(seen).item("iteration", "gan.iteration after the call").equals(3)
    seen = task.run(submission.probe, 9, 100, 100, device, "amid ctrl-c")
    expect_end(seen, "returned", "after Ctrl-C in the middle of an iteration")
    what = "gan.iteration after Ctrl-C in the middle of the third iteration"
    named = {"wrong-event": lambda found: found == 3 and seen.value["after"] == [(1, 1), (2, 2)]}
    expect(seen).item("iteration", what, named).equals(2)


@pytest.mark.step("train")
def test_error(submission, rng, device):
    """passes other exceptions on, with its logger closed"""
    seen = Task(rng, batches=3).run(submission.probe, 9, 2, 100, device, "error")
    values_in(seen, "logs/gan")
    named = {
        "errors-swallowed": lambda ended, seen=seen: ended == "returned" and len(seen.value["after"]) > 2,
        "another-error-raised": "another error",
    }
    expect_end(seen, "error", "after an exception out of the batches", named)
    expect(seen).item("iteration", "gan.iteration after the call").equals(3)
    for stop, expected in (("told error", "error"), ("told exit", "SystemExit")):
        seen = Task(rng, batches=5).run(submission.probe, 4, 2, 100, device, stop)
        values_in(seen, "logs/gan")
        named = {
            "errors-swallowed": lambda ended, seen=seen: ended == "returned" and len(seen.value["after"]) > 2,
            "another-error-raised": "another error",
        }
        expect_end(seen, expected, "after an exception in after_iteration", named)


@pytest.mark.step("train", last=True)
def test_real_frames(submission, rng, device):
    """trains the ready-made nets on frames of the real games"""
    seen = submission.probe.real_frames(4, 2, whole_number(rng, 0, 1000), device)
    values = values_in(seen, "logs/real")
    expect(seen).item("iteration", "gan.iteration after the call").equals(2)
    frames = expect(seen).item("frames", "the last batch").shape(4, 3, 64, 64)
    images = {value.tag: value.image.encoded_image_string for _, value in values if value.HasField("image")}
    require("real" in images, 'there is no image "real"', expected="one at the last iteration")
    expect_picture(pixels_of(images["real"]), frames._value.data, 'the image "real"')
    for tag in TAGS:
        found = curve(values, f"train/{METRICS[tag]}")
        expect(found, what=f"the curve {tag}").length(2)
        require(all(math.isfinite(value) for _, value in found), f"{tag} is not finite", got=str(found))
