"""Hidden checks of 35: what a training of two nets writes down, when it goes on and how it ends."""

import math
import os
from unittest import mock

import numpy as np
import pytest
import torch

import grader.torchvision_cpu  # noqa: F401  before torchvision
from grader.compare import describe, expect, require
from grader.curriculum.checks._files import in_any_order, raised_by, saved
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
    pixels_of,
    random_weights,
    values_in,
    whole_number,
)

# isort: split
from torchvision.utils import make_grid

# Step 1


@pytest.mark.step("image_grid")
def test_grid(submission, rng):
    """shows -1 as black and 1 as full brightness, whatever else is in the images"""
    for count, height, width in ((3, 6, 5), (10, 4, 7)):
        images = torch.rand(count, 3, height, width, generator=rng) * 1.2 - 0.7
        named = {
            "images-not-normalised": lambda grid, images=images: any(
                torch.allclose(grid.data, each, atol=1e-4)
                for wrong in (make_grid(images), make_grid(images / 2 + 1))
                for each in (wrong, wrong.clamp(0, 1))
            ),
            "normalised-by-own-range": lambda grid, images=images: any(
                torch.allclose(grid.data, make_grid(images, normalize=True, scale_each=each), atol=1e-4)
                for each in (False, True)
            ),
        }
        expect(submission.image_grid(images), named).tensor(grid_of(images))


@pytest.mark.step("image_grid")
def test_grid_size(submission, rng):
    """shows the first 64 images, 8 in a row"""
    images = torch.rand(whole_number(rng, 70, 80), 3, 5, 4, generator=rng) * 2 - 1
    whole = make_grid(images, normalize=True, value_range=(-1, 1))
    named = {"all-images-in-grid": whole}
    expect(submission.image_grid(images), named).tensor(grid_of(images))


@pytest.mark.step("image_grid")
def test_grid_keeps_images(submission, rng):
    """leaves the images as they were"""
    images = torch.rand(3, 3, 6, 5, generator=rng) * 2 - 1
    seen = expect(submission.image_grid(images))
    seen.tensor(grid_of(images)).keeps_argument(0, images, "mutates-caller")


@pytest.mark.step("image_grid")
def test_grid_on_cpu(submission):
    """brings the grid to the CPU, wherever the images are"""
    named = {"grid-left-on-device": "meta"}
    expect(submission.probe.grid_of_elsewhere((5, 3, 6, 4)), named).satisfies(
        lambda place: place == "cpu", "the grid is on the wrong device",
        got=lambda place: describe(torch.device(place)), expected=describe(torch.device("cpu")),
    )  # fmt: skip


# Step 2


def _rounds(rng):
    """Return three rounds of (iteration, {tag: losses}), each with another number of losses."""
    iterations = sorted({whole_number(rng, 1, 50), whole_number(rng, 60, 90), whole_number(rng, 100, 150)})
    return [
        (iteration, {tag: torch.rand((3, 1, 130)[index], generator=rng).tolist() for tag in ("loss/a", "loss/b")})
        for index, iteration in enumerate(iterations)
    ]


@pytest.mark.step("report_averages")
def test_averages(submission, rng, device):
    """writes the mean of the losses since the last report, under each tag"""
    rounds = _rounds(rng)
    seen = submission.probe.report(rounds)
    runs = expect(seen).item("runs", "the dict of event files", {
        "add-scalars-makes-runs": lambda found: any(name.startswith("run/") for name in found)
    })  # fmt: skip
    runs.satisfies(
        lambda found: set(found) == {"run"}, "event files were written into other folders",
        got=lambda found: f"files in {', '.join(found)}", expected="all files in run",
    )  # fmt: skip
    values = values_in(seen, "run")
    for tag in ("loss/a", "loss/b"):
        losses = [(iteration, more[tag]) for iteration, more in rounds]
        off = [(step, sum(each) / max(len(each) - 1, 1)) for step, each in losses]
        fixed = [[(step, sum(each) / count) for step, each in losses] for count in (10, 100, 1000)]
        so_far = [
            (step, [each for _, more in losses[: index + 1] for each in more]) for index, (step, _) in enumerate(losses)
        ]
        named = {
            "averages-not-reset": [(step, np.mean(each)) for step, each in so_far],
            "last-for-average": [(step, each[-1]) for step, each in losses],
            "sum-for-average": [(step, sum(each)) for step, each in losses],
            "most-pixels-decide": [(step, np.median(each)) for step, each in losses],
            "step-missing": [(0, np.mean(each)) for _, each in losses],
            "mean-over-wrong-count": lambda found, wrong=[off, *fixed]: any(
                [step for step, _ in found] == [step for step, _ in each]
                and all(abs(a - b) < 1e-3 * abs(b) for (_, a), (_, b) in zip(found, each, strict=True))
                for each in wrong
            ),
        }
        expected = [(step, np.mean(each)) for step, each in losses]
        expect_points(curve(values, tag), expected, f"the curve {tag}", named, device)


@pytest.mark.step("report_averages")
def test_emptied(submission, rng):
    """leaves an empty list under each tag, and the writer open"""
    rounds = _rounds(rng)
    seen = expect(submission.probe.report(rounds))
    named = {"averages-not-reset": lambda left: all(left[0].values())}
    left = seen.item("left", "the list of what is left in losses after each report", named)
    left.equals([{"loss/a": [], "loss/b": []}] * 3)
    closed = seen.item("closed", lookalikes={"closes-callers-writer": True})
    closed.is_false("the caller's writer was closed")


# Steps 3 and 4


NETS = ("discriminator_net", "generator_net")
OPTIMIZERS = ("discriminator_optimizer", "generator_optimizer")
OPTIONS = {
    "lr": 0.1, "momentum": 0.9, "dampening": 0, "weight_decay": 0, "nesterov": False,
    "maximize": False, "foreach": None, "differentiable": False, "fused": None, "params": [0],
}  # fmt: skip


FRESH_LR = 0.3  # of the gan into which a checkpoint is loaded


def _descended(weight, momentum, gradient):
    """Return weight and momentum after a step of SGD."""
    momentum = momentum * OPTIONS["momentum"] + gradient
    return weight - OPTIONS["lr"] * momentum, momentum


class Saved:
    """A gan by the book after the steps that the probe takes with it, and what a checkpoint of it holds."""

    def __init__(self, rng):
        self.judge, self.forger = random_weights(rng)
        self.seed, self.steps = whole_number(rng, 0, 1000), whole_number(rng, 2, 5)
        self.iteration, self.generator = 10 * self.steps, torch.Generator().manual_seed(self.seed)
        torch.randn(self.steps, generator=self.generator)
        self.kept, self.weights, self.momenta = {}, {}, {}
        for name, weight in zip(NETS, (self.judge, self.forger), strict=True):
            self.kept[name], momentum = weight[0, 0, :3], torch.zeros_like(weight)
            for step in range(self.steps):
                weight, momentum = _descended(weight, momentum, torch.cos(weight * (step + 1)))
            self.weights[name], self.momenta[name] = weight, momentum

    def file(self, **more):
        """Return the bytes of its checkpoint."""
        content = {name: {"weight": self.weights[name], "kept": self.kept[name].clone()} for name in NETS}
        for name, net in zip(OPTIMIZERS, NETS, strict=True):
            state = {0: {"momentum_buffer": self.momenta[net]}}
            content[name] = {"state": state, "param_groups": [OPTIONS]}
        rest = {"iteration": self.iteration, "generator": self.generator.get_state()}
        return saved(content | rest | more)

    def one_step_later(self, name):
        """Return the weight of a net after one more step, with a gradient of ones."""
        return _descended(self.weights[name], self.momenta[name], 1.0)[0]

    def given(self, content, device):
        """Return what the probe needs to load a file into a gan of other weights and random numbers."""
        return content, torch.zeros_like(self.judge), torch.zeros_like(self.forger), self.seed + 1, FRESH_LR, device


@pytest.mark.step("save_checkpoint")
def test_saved(submission, rng, device):
    """writes nets, optimizers, random numbers and iteration into the file"""
    gan = Saved(rng)
    seen = submission.probe.saved(gan.judge, gan.forger, gan.seed, gan.steps, device)
    named = {
        "pickles-objects": lambda held: isinstance(held, str),
        "saved-under-other-names": lambda held: isinstance(held, dict) and len(held) > 2 and not {*NETS} & {*held},
        "optimizer-state-forgotten": lambda held: {*NETS} <= {*held} and not {*OPTIMIZERS} & {*held},
        "random-state-forgotten": lambda held: {*NETS} <= {*held} and "generator" not in held,
        "iteration-forgotten": lambda held: {*NETS} <= {*held} and "iteration" not in held,
    }
    expected = {*NETS, *OPTIMIZERS, "iteration", "generator"}
    held = expect(seen).item("held", "the content of the file", named)
    said = "the file cannot be read as tensors and plain data"
    held.satisfies(lambda held: not isinstance(held, str), said, got=str, expected="a dict")
    held.is_a(dict).satisfies(
        lambda held: expected <= set(held), "something is missing in the file",
        got=lambda held: describe(sorted(held)), expected=describe(sorted(expected)),
    )  # fmt: skip
    for name in NETS:
        content = f"{name} in the file"
        held.item(name, content).item("weight", f"the weight of {content}").values(gan.weights[name])
        buffers = {"buffers-skipped": lambda found: "kept" not in found}
        held.item(name, content, buffers).item("kept", f"the buffer of {content}").values(gan.kept[name])
    for name, net in zip(OPTIMIZERS, NETS, strict=True):
        content = f"{name} in the file"
        state = held.item(name, content).item("state", f"the state of {content}").item(0, f"the state of {content}")
        state.item("momentum_buffer", f"the momentum of {content}").values(gan.momenta[net])
    number = {"scalar-tensor-not-number": lambda found: hasattr(found, "requires_grad") and tuple(found.shape) == ()}
    held.item("iteration", "the iteration in the file", number).equals(gan.iteration)
    held.item("generator", "the generator's state in the file").values(gan.generator.get_state())
    expect(seen).item("random").satisfies(
        lambda state: torch.equal(state.data, gan.generator.get_state()),
        "numbers were drawn from gan.generator",
        got="",
    )
    modes = expect(seen).item("modes", lookalikes={"mode-not-restored": False})
    modes.is_true("a net is no longer in train mode")


@pytest.mark.step("save_checkpoint")
def test_saved_at_one_stroke(submission, rng, device):
    """keeps the old checkpoint intact when writing the new one fails halfway"""
    seen = expect(submission.probe.saved_over(*random_weights(rng), whole_number(rng, 0, 1000), device))
    named = {"checkpoint-written-in-place": lambda held: isinstance(held, str)}
    named["scalar-tensor-not-number"] = lambda held: hasattr(held, "requires_grad") and tuple(held.shape) == ()
    held = seen.item("held", "the iteration in the checkpoint after a failed save", named)
    said = "after a failed save, the checkpoint cannot be read any more"
    held.satisfies(lambda held: not isinstance(held, str), said, got=str, expected="the old checkpoint")
    held.equals(10)
    failed = seen.item("failed", lookalikes={"exception-kept-back": False})
    failed.is_true("the failure to write the file did not reach the caller")
    gone = seen.item("gone", lookalikes={"checkpoint-written-in-place": True})
    gone.is_false("the old checkpoint was removed or changed before the new one was complete")
    seen.item("same_folder").is_true("the temporary file was in another folder than the checkpoint")


@pytest.mark.step("load_checkpoint")
def test_loaded(submission, rng, device):
    """continues as the saved training would have"""
    gan = Saved(rng)
    seen = expect(submission.probe.loads(*gan.given(gan.file(), device)))
    before, after = seen.item("before", "the gan after loading"), seen.item("after", "the gan one step later")
    named = {"iteration-forgotten": 0}
    before.item("iteration", "the iteration after loading", named).equals(gan.iteration)
    for name in NETS:
        before.item(name, f"the weight of {name} after loading").tensor(gan.weights[name], device=device)
    for name in NETS:
        named = {"buffers-skipped": torch.zeros(3)}
        part = before.item(f"{name} kept", f"the buffer of {name} after loading", named)
        part.tensor(gan.kept[name], device=device)
    seen.item("same").is_true("a net or an optimizer was replaced by another object")
    parameters = seen.item("parameters", lookalikes={"parameters-replaced": False})
    parameters.is_true("the nets no longer have the parameters that the optimizers hold")
    named = {"mode-not-kept": lambda modes: modes != [False, True]}
    seen.item("modes", "the list of both nets' `training`, which was [False, True],", named).equals([False, True])
    for name in NETS:
        momentum = gan.momenta[name] * OPTIONS["momentum"] + 1.0
        named = {
            "optimizer-state-forgotten": lambda t, of=gan.weights[name]: any(
                torch.allclose(t.data, of - rate, atol=1e-5) for rate in (OPTIONS["lr"], FRESH_LR)
            ),
            "settings-left-behind": gan.weights[name] - FRESH_LR * momentum,
        }
        weight = after.item(name, f"the weight of {name} one step after loading", named)
        weight.values(gan.one_step_later(name))
    named = {"random-state-forgotten": lambda found: True}
    drawn = after.item("random", "the tensor of gan.generator's next numbers", named)
    drawn.tensor(torch.randn(3, generator=gan.generator))


@pytest.mark.step("load_checkpoint")
def test_loads_from_elsewhere(submission, rng, device):
    """reads a file that was saved on a device that this machine may not have"""
    gan = Saved(rng)
    with mock.patch.object(torch.serialization, "location_tag", return_value="cuda:99"):
        content = gan.file()
    seen = submission.probe.attempt("loads", *gan.given(content, device))
    require(
        raised_by(seen) not in ("RuntimeError", "TypeError"), "load_checkpoint raised an exception",
        got=str(seen.exception), expected="no exception", misconception="map-location-forgotten",
    )  # fmt: skip
    submission.unless_raised(seen)
    for name in NETS:
        weight = expect(seen).item("before").item(name, f"the weight of {name}")
        weight.tensor(gan.weights[name], device=device)


class _Trap:
    def __reduce__(self):
        return os.mkdir, ("sprung",)


@pytest.mark.step("load_checkpoint")
def test_refuses_objects(submission, rng, device):
    """refuses a file with anything but tensors and plain data"""
    gan = Saved(rng)
    files = {"plain": gan.file(), "trap": gan.file(note=_Trap())}
    seen = in_any_order(rng, files, lambda content: submission.probe.attempt("loads", *gan.given(content, device)))
    submission.unless_raised(seen["plain"])
    sprung = expect(submission.probe.sprung(), {"unpickles-anything": True})
    sprung.is_false("code that was hidden in the file was run")
    named = {"exception-kept-back": "", "another-error-raised": lambda raised: raised.endswith("Error")}
    expect(raised_by(seen["trap"]), named).satisfies(
        lambda raised: raised == "UnpicklingError", "no UnpicklingError was raised",
        got=lambda raised: raised or "no exception", expected="UnpicklingError",
    )  # fmt: skip


# Step 5


def _averages(task, tag, every, *, reset=True):
    """Return (iteration, average) for each report that is due."""
    losses, points, begun = task.losses[tag], [], 0
    for index in range(len(losses)):
        if (task.done + index + 1) % every == 0:
            points.append((task.done + index + 1, float(np.mean(losses[begun : index + 1]))))
            begun = index + 1 if reset else 0
    return points


@pytest.mark.step("train")
def test_reports(submission, rng, device):
    """reports the averages of the losses since the last report, each time a report is due"""
    task, every = Task(rng), whole_number(rng, 2, 4)
    values = values_in(task.run(submission.probe, 7, every, 100, device), "logs/gan")
    for tag, other in (TAGS, TAGS[::-1]):
        expected = _averages(task, tag, every)
        named = {
            "averages-not-reset": _averages(task, tag, every, reset=False),
            "logs-every-step": lambda found: [step for step, _ in found] == list(range(1, 8)),
            "last-for-average": [(step, task.losses[tag][step - 1]) for step, _ in expected],
            "losses-swapped": _averages(task, other, every),
        }
        expect_points(curve(values, tag), expected, f"the curve {tag}", named, device)


@pytest.mark.step("train")
def test_images(submission, rng, device):
    """shows real and fake frames of the iterations at which images are due"""
    every = whole_number(rng, 2, 4)
    task = Task(rng, batch=whole_number(rng, 2, 5), batches=5)
    seen = task.run(submission.probe, 5, 100, every, device)
    again = {"fakes-made-anew": lambda latents: len(latents) > 5}
    expect(seen).item("latents", "the list of latents that the generator network saw", again).length(5)
    expect_throughout(expect(seen), {"mode-not-restored": False})
    values = values_in(seen, "logs/gan")
    images = {(step, value.tag): value.image.encoded_image_string for step, value in values if value.HasField("image")}
    steps = range(every, 6, every)
    named = {"logs-every-step": lambda found: {step for step, _ in found} == set(range(1, 6))}
    expected = sorted((step, tag) for step in steps for tag in ("fake", "real"))
    expect(sorted(images), named, what="the list of (step, tag) of all images").equals(expected)
    for step in steps:
        exchanged = pixels_of(images[step, "real"]), grid_of(task.fakes[step - 1])
        same = exchanged[0].shape == exchanged[1].shape and torch.allclose(*exchanged, atol=2 / 255)
        require(not same, 'the image "real" shows the fake frames', misconception="frames-swapped")
        expect_picture(pixels_of(images[step, "real"]), task.real[step - 1], f'the image "real" at step {step}')
        expect_picture(pixels_of(images[step, "fake"]), task.fakes[step - 1], f'the image "fake" at step {step}')
    expected = sorted(f"logs/gan/{tag}_{step:06}.png" for step in steps for tag in ("fake", "real"))
    pictures = expect(seen).item("pictures", "the dict of pictures").is_a(dict)
    expect_paths(pictures, expected)
    for step in steps:
        for tag, frames in (("real", task.real), ("fake", task.fakes)):
            path = f"logs/gan/{tag}_{step:06}.png"
            blob = pictures.item(path, path)
            blob.dtype(torch.uint8)
            expect_picture(pixels_of(blob._value.data.numpy().tobytes()), frames[step - 1], f"the picture {path}")
    counts = [2 * (iteration // every) for iteration in range(1, 6)]
    early = {"told-too-early": lambda found: sum(found) < sum(counts)}
    shown = expect(seen).item("shown", "the list of the numbers of pictures at each call of after_iteration", early)
    shown.equals(counts)


@pytest.mark.step("train")
def test_trains_both(submission, rng, device):
    """takes one batch and one latent for each iteration, and trains both nets with them"""
    task = Task(rng, batch=whole_number(rng, 2, 5))
    seen = expect(task.run(submission.probe, 4, 100, 100, device))
    seen.item("taken", "the number of batches taken").equals(4)
    again = {"fakes-made-anew": lambda latents: len(latents) > 4}
    latents = seen.item("latents", "the list of latents that the generator network saw", again).length(4)
    flags = {name: seen._value.get(name) for name in ("drawn", "global", "reached", "there")}
    first = latents.item(0, "latent 1").is_tensor()._value
    named = {
        "hard-coded-size": lambda t: t.shape[2:] == (1, 1) and t.shape != tuple(task.latents[0].shape),
        "reseeded-at-each-call": lambda t: t.shape == first.shape and torch.equal(t.data, first.data),
        "global-rng-touched": lambda t: flags["global"] and not flags["drawn"],
    }
    for index in (1, 0, 2, 3):
        latents.item(index, f"latent {index + 1}", named).tensor(task.latents[index])
    named = {"drawn-on-another-device": lambda count: count == 0 and flags["there"]}
    seen.item("sampled", "the number of calls to sample_latent", named).equals(4)
    named = {"detached-generator": lambda t: not flags["reached"] and torch.equal(t.data.cpu(), task.forger)}
    forger = seen.item("forger", "the weight of the generator network after the call", named)
    forger.tensor(task.trained["forger"], device=device)
    judge = seen.item("judge", "the weight of the discriminator after the call")
    judge.tensor(task.trained["judge"], device=device)
    expect_throughout(seen, {"mode-not-restored": False})
    after = seen.item("after", "the list of (argument, gan.iteration) in each call of after_iteration")
    after.equals([(i, i) for i in range(1, 5)])
    seen.item("iteration", "gan.iteration after the call").equals(4)


@pytest.mark.step("train")
def test_goes_on(submission, rng, device):
    """counts the iterations that were completed before, and takes no batch where none is left"""
    done = 2 * whole_number(rng, 1, 3) + 1
    task, total = Task(rng, done=done), done + 5
    seen = task.run(submission.probe, total, 2, 100, device)
    named = {"resume-starts-anew": lambda taken: taken >= total}
    expect(seen).item("taken", "the number of batches taken", named).equals(5)
    expect(seen).item("iteration", "gan.iteration after the call", {"resume-starts-anew": 5}).equals(total)
    values = values_in(seen, "logs/gan")
    for tag in TAGS:
        expected = _averages(task, tag, 2)
        kept = seen.value["before"]
        before = {"dis_loss": kept.get("discriminator_step", 0.0), "gen_loss": kept.get("generator_step", 0.0)}
        named = {
            "state-between-calls": [(expected[0][0], (expected[0][1] + before.get(tag, 0.0)) / 2), *expected[1:]],
            "resume-starts-anew": lambda found: [step for step, _ in found] == [done + 2, done + 4],
        }
        expect_points(curve(values, tag), expected, f"the curve {tag}", named, device)

    seen = expect(Task(rng, batches=2, done=5).run(submission.probe, 3, 2, 100, device))
    again = {"loop-tested-too-late": 1, "resume-starts-anew": lambda taken: taken >= 3}
    seen.item("taken", "the number of batches taken where nothing is left to do", again).equals(0)
    seen.item("iteration", "gan.iteration after that").equals(5)


@pytest.mark.step("train")
def test_ctrl_c(submission, rng, device):
    """ends early and quietly on Ctrl-C"""
    task = Task(rng, batches=5)
    seen = task.run(submission.probe, 9, 2, 100, device, "ctrl-c")
    values = values_in(seen, "logs/gan")
    expect_end(seen, "returned", "after Ctrl-C", {"ctrl-c-escapes": "KeyboardInterrupt"})
    expect(seen).item("iteration", "gan.iteration after the call").equals(5)
    for tag in TAGS:
        expect_points(curve(values, tag), _averages(task, tag, 2), f"the curve {tag}", {}, device)
    seen = Task(rng, batches=5).run(submission.probe, 9, 100, 100, device, "told ctrl-c")
    named = {"ctrl-c-escapes": "KeyboardInterrupt"}
    expect_end(seen, "returned", "after Ctrl-C in after_iteration", named)
    expect(seen).item("iteration", "gan.iteration after the call").equals(3)


@pytest.mark.step("train")
def test_error(submission, rng, device):
    """passes other exceptions on, with its writer closed"""
    task = Task(rng, batches=3)
    seen = task.run(submission.probe, 9, 2, 100, device, "error")
    values_in(seen, "logs/gan")
    expect_end(seen, "error", "after an exception out of the batches", {"errors-swallowed": "returned"})
    expect(seen).item("iteration", "gan.iteration after the call").equals(3)


@pytest.mark.step("train")
def test_defaults(submission, rng, device):
    """reports every 100 and shows images every 1000 iterations unless told otherwise"""
    for done, expected in ((98, {*TAGS}), (998, {*TAGS, "real", "fake"})):
        task = Task(rng, batches=3, done=done)
        values = values_in(task.run(submission.probe, done + 3, None, None, device), "logs/gan")
        found = sorted((step, value.tag) for step, value in values if step > done)
        expect(found, what="the list of (step, tag) of all that was written").equals(
            sorted((done + 2, tag) for tag in expected)
        )


@pytest.mark.step("train")
def test_device(submission):
    """moves frames and latents to the device that it is given"""
    seen = expect(submission.probe.places(torch.device("meta")))
    for name in ("latents", "real"):
        frames = "latents" if name == "latents" else "real frames"
        seen.item(name, lookalikes={"hard-coded-device": ["cpu"]}).satisfies(
            lambda places: set(places) == {"meta"}, f"{frames} were not on the device that was given", got=""
        )
    seen.item("sampled", "the number of calls to sample_latent").equals(1)


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
        found = curve(values, tag)
        expect(found, what=f"the curve {tag}").length(2)
        require(all(math.isfinite(value) for _, value in found), f"{tag} is not finite", got=str(found))
