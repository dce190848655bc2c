"""Hidden checks of 37: the process function, what hangs on the engine and in which order, and how the run ends."""

import math

import pytest
import torch

from grader.checks._gan_training import (
    TAGS,
    Task,
    curve,
    expect_picture,
    expect_points,
    in_blocks,
    pixels_of,
    values_in,
    whole_number,
)
from grader.compare import expect, require

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
        due = [task.losses[tag][index] for tag in TAGS]

        def near(pair, due=due):
            return all(math.isclose(each, other, rel_tol=tolerance) for each, other in zip(pair, due, strict=True))

        pair = outputs.item(index, f"output {index + 1}", {"losses-swapped": lambda pair, near=near: near(pair[::-1])})
        pair.is_a(tuple).length(2)
        for place in range(2):
            pair.item(place, f"part {place} of an output", {"returns-graph-tensor": lambda t: t.requires_grad}).is_a(
                float
            )
        pair.satisfies(near, f"output {index + 1} is not the pair of losses", due=f"({due[0]:.5g}, {due[1]:.5g})")


@pytest.mark.step("make_process_function")
def test_trains_both(submission, rng, device):
    """trains both nets on the batch and on one latent for each frame"""
    task, seen = _process(submission, rng, device)
    latents = seen.item("latents", "the latents that the generator network saw").length(4)
    for index in range(4):
        latents.item(index, f"latent {index + 1}").tensor(task.latents[index])
    for name, what in (("judge", "the discriminator"), ("forger", "the generator network")):
        seen.item(name, f"a weight of {what} afterwards").tensor(task.trained[name], device=device)


@pytest.mark.step("make_process_function")
def test_leaves_frames(submission, rng, device):
    """leaves real and fake frames in the state, with no graph behind them"""
    task, seen = _process(submission, rng, device)
    left = seen.item("left", "what was left in the state").length(4)
    for index in range(4):
        named = {"frames-swapped": task.fakes[index]}
        real = left.item(index).item("real", "engine.state.real", named)
        real.tensor(task.real[index], device=device).requires_grad(False)
        named = {"returns-graph-tensor": lambda t: t.requires_grad, "frames-swapped": task.real[index]}
        fake = left.item(index).item("fake", "engine.state.fake", named)
        fake.requires_grad(False).tensor(task.fakes[index], device=device)


@pytest.mark.step("make_process_function")
def test_device(submission):
    """moves frames and latents to the device that it is given"""
    seen = expect(submission.probe.places(torch.device("meta")))
    for name in ("latents", "real"):
        seen.item(name, f"where the nets met {name}", {"hard-coded-device": ["cpu"]}).equals(["meta"])
    left = seen.item("left", "where the frames are that were left in the state", {"hard-coded-device": ["cpu", "cpu"]})
    left.satisfies(
        lambda places: "meta" in places, "the batch was left on another device", due="the device it was sent to"
    )


# Step 2


@pytest.mark.step("attach_averages")
def test_averages(submission, rng):
    """keeps a running average of each loss under its name"""
    outputs = (torch.rand(6, 2, generator=rng) + torch.tensor([0.0, 3.0])).double().tolist()
    metrics = expect(submission.probe.averages(outputs), what="the list of metrics").length(6)
    dis, gen = ([pair[place] for pair in outputs] for place in range(2))
    for name, mine, other in (("avg_loss_dis", dis, gen), ("avg_loss_gen", gen, dis)):
        for index in range(6):
            named = {
                "output-index-swapped": _running(other)[index],
                "mean-is-not-running": sum(mine[: index + 1]) / (index + 1),
                "last-for-average": mine[index],
            }
            part = metrics.item(index, "the metrics").item(name, f"{name} after iteration {index + 1}", named)
            part.equals(_running(mine)[index])


# Step 3


@pytest.mark.step("attach_logger")
def test_logger(submission, rng, device):
    """writes both averages every so often, under their tags, into its folder"""
    every, log_dir = whole_number(rng, 2, 5), f"logs/{whole_number(rng, 0, 100)}"
    rows = torch.rand(9, 3, generator=rng).double().tolist()
    names = ("avg_loss_dis", "avg_loss_gen", "seconds")
    seen = submission.probe.logged(log_dir, [dict(zip(names, row, strict=True)) for row in rows], every)
    kind = "ignite.handlers.tensorboard_logger.TensorboardLogger"
    expect(seen).item("kind", "the class of what came back").equals(kind)
    named = {"contrib-import": lambda modules: len(modules) > 0}
    expect(seen).item("contrib", "the modules of ignite.contrib that were imported", named).equals([])
    values = values_in(seen, log_dir)
    due = ["train/avg_loss_dis", "train/avg_loss_gen"]
    tags = sorted({value.tag for _, value in values})
    named = {"logs-all-metrics": [*due, "train/seconds"], "wrong-tag": lambda tags: len(tags) == 2}
    expect(tags, named, what="the list of tags").equals(due)
    for place, tag in enumerate(due):
        points = [(index + 1, row[place]) for index, row in enumerate(rows) if (index + 1) % every == 0]
        named = {
            "output-index-swapped": [(step, rows[step - 1][1 - place]) for step, _ in points],
            "every-ignored": [(index + 1, row[place]) for index, row in enumerate(rows)],
            "wrong-event": lambda found: [step for step, _ in found] in ([1], [9]),
        }
        expect_points(curve(values, tag), points, f"the curve {tag}", named, device)


# Step 4


def _expect_images(seen, folder, due_frames, steps):
    """Ask for the images in the event file, and for the pictures beside it."""
    values = values_in(seen, folder)
    images = {(step, value.tag): value.image.encoded_image_string for step, value in values if value.HasField("image")}
    due = sorted((step, tag) for step in steps for tag in due_frames)
    named = {"every-ignored": lambda found: len(found) > len(due) and set(found) > set(due)}
    expect(sorted(images), named, what="the list of (step, tag) of all images").equals(due)
    paths = {(step, tag): f"{folder}/{tag}_{step:06}.png" for step, tag in due}
    pictures = expect(seen).item("pictures", "the pictures, by path").is_a(dict)
    pictures.satisfies(
        lambda found: sorted(found) == sorted(paths.values()), "there are other pictures than are due",
        due=str(sorted(paths.values())),
    )  # fmt: skip
    for step, tag in due:
        frames = due_frames[tag][step - 1]
        expect_picture(pixels_of(images[step, tag]), frames, f'the image "{tag}" at step {step}')
        blob = pictures.item(paths[step, tag], paths[step, tag]).dtype(torch.uint8)
        expect_picture(pixels_of(blob._value.data.numpy().tobytes()), frames, f"the picture {paths[step, tag]}")


@pytest.mark.step("attach_images")
def test_images(submission, rng):
    """shows real and fake frames every so often"""
    every = whole_number(rng, 2, 4)
    frames = {tag: in_blocks(torch.rand(5, 3, 3, 4, 4, generator=rng) * 1.2 - 0.7) for tag in ("real", "fake")}
    seen = submission.probe.images(frames["real"], frames["fake"], every)
    expect(seen).item("closed", "whether the logger was closed", {"closes-callers-writer": True}).equals(False)
    _expect_images(seen, "logs/gan", frames, range(every, 6, every))


# Step 5


@pytest.mark.step("train")
def test_together(submission, rng, device):
    """logs averages that hold the loss of their own iteration, and images"""
    task, every = Task(rng, batches=6), whole_number(rng, 2, 4)
    seen = task.run(submission.probe, 6, every, 5, device)
    ran_away = {"infinite-run": "it ran on without end"}
    expect(seen).item("ended", "how the call ended", ran_away).equals("returned")
    values = values_in(seen, "logs/gan")
    for tag in TAGS:
        averages = _running(task.losses[tag])
        due = [(step, averages[step - 1]) for step in range(every, 7, every)]
        named = {
            "metric-attached-late": [(step, averages[step - 2]) for step, _ in due],
            "every-ignored": list(enumerate(averages, start=1)),
        }
        expect_points(curve(values, f"train/{METRICS[tag]}"), due, f"the curve train/{METRICS[tag]}", named, device)
    _expect_images(seen, "logs/gan", {"real": task.real, "fake": task.fakes}, [5])
    counts = [0, 0, 0, 0, 2, 2]
    early = {"told-too-early": lambda found: sum(found) < sum(counts)}
    expect(seen).item("shown", "the number of pictures at each call of after_iteration", early).equals(counts)


@pytest.mark.step("train")
def test_counts(submission, rng, device):
    """runs as many iterations as are left, and counts on from those before"""
    done = whole_number(rng, 3, 6)
    task = Task(rng, batches=9, done=done)
    seen = task.run(submission.probe, done + 4, 2, 100, device)
    named = {"infinite-run": "it ran on without end"}
    expect(seen).item("ended", "how the call ended", named).equals("returned")
    expect(seen).item("taken", "the number of batches taken", {"resume-starts-anew": done + 4}).equals(4)
    numbers = [(number, number) for number in range(done + 1, done + 5)]
    expect(seen).item("after", "the iterations at which after_iteration was called").equals(numbers)
    expect(seen).item("iteration", "gan.iteration afterwards").equals(done + 4)
    expect(seen).item("state", "the iteration of the state that came back").equals(done + 4)
    for name, what in (("judge", "the discriminator"), ("forger", "the generator network")):
        expect(seen).item(name, f"a weight of {what} afterwards").tensor(task.trained[name], device=device)


@pytest.mark.step("train")
def test_nothing_left(submission, rng, device):
    """takes no batch where nothing is left to do"""
    task = Task(rng, batches=3, done=4)
    for iterations in (2, 4):
        task.real = task.real[:3]
        seen = expect(submission.probe.train(
            task.judge, task.forger, task.real, 4, iterations, 2, 100, task.seed, task.lr, device, "",
        ))  # fmt: skip
        named = {"infinite-run": lambda count: count == 3, "resume-starts-anew": lambda count, n=iterations: count == n}
        seen.item("taken", "the number of batches taken", named).equals(0)
        seen.item("iteration", "gan.iteration afterwards").equals(4)


@pytest.mark.step("train")
def test_defaults(submission, rng, device):
    """reports every 100 and shows images every 1000 iterations unless told otherwise"""
    curves = {f"train/{name}" for name in METRICS.values()}
    for done, due in ((98, curves), (998, curves | {"real", "fake"})):
        task = Task(rng, batches=3, done=done)
        values = values_in(task.run(submission.probe, done + 3, None, None, device), "logs/gan")
        found = sorted((step, value.tag) for step, value in values if step > done)
        expect(found, what="the list of (step, tag) of all that was written").equals(
            sorted((done + 2, tag) for tag in due)
        )


@pytest.mark.step("train")
def test_ctrl_c(submission, rng, device):
    """ends early and quietly on Ctrl-C"""
    task = Task(rng, batches=5)
    seen = task.run(submission.probe, 9, 2, 100, device, "ctrl-c")
    values = values_in(seen, "logs/gan")
    expect(seen).item("ended", "how the call ended", {"ctrl-c-escapes": "KeyboardInterrupt"}).equals("returned")
    expect(seen).item("iteration", "gan.iteration afterwards").equals(5)
    expect([step for step, _ in curve(values, "train/avg_loss_dis")], what="the steps that were logged").equals([2, 4])


@pytest.mark.step("train")
def test_error(submission, rng, device):
    """passes other exceptions on, with its logger closed"""
    seen = Task(rng, batches=3).run(submission.probe, 9, 2, 100, device, "error")
    values_in(seen, "logs/gan")
    expect(seen).item("ended", "how the call ended", {"errors-swallowed": "returned"}).equals("error")
    expect(seen).item("iteration", "gan.iteration afterwards").equals(3)


@pytest.mark.step("train")
def test_real_frames(submission, rng, device):
    """trains the ready-made nets on frames of the real games"""
    seen = submission.probe.real_frames(4, 2, whole_number(rng, 0, 1000), device)
    values = values_in(seen, "logs/real")
    expect(seen).item("iteration", "gan.iteration afterwards").equals(2)
    frames = expect(seen).item("frames", "the last batch").shape(4, 3, 64, 64)
    images = {value.tag: value.image.encoded_image_string for _, value in values if value.HasField("image")}
    require("real" in images, 'there is no image "real"', due="one at the last iteration")
    expect_picture(pixels_of(images["real"]), frames._value.data, 'the image "real"')
    for tag in TAGS:
        found = curve(values, f"train/{METRICS[tag]}")
        expect(found, what=f"the curve {tag}").length(2)
        require(all(math.isfinite(value) for _, value in found), f"{tag} is not finite", got=str(found))
