"""Hidden checks of 29: what stands in event files, and what comes back out of them."""

import io
import math
import tempfile
from pathlib import Path

import pytest
import torch
from google.protobuf.message import DecodeError
from tensorboard.backend.event_processing.event_file_loader import LegacyEventFileLoader
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import HistogramProto, Summary
from tensorboard.plugins.hparams.plugin_data_pb2 import HParamsPluginData
from tensorboard.summary.writer.record_writer import RecordWriter

from grader.compare import expect
from grader.curriculum.checks._files import sent

CURVES = {"sin": math.sin, "cos": math.cos, "tan": math.tan}


def _int(rng, low, high):
    return int(torch.randint(low, high, (), generator=rng))


def _loaded(blob):
    """Return (step, value) of all values in the bytes of one event file, as far as they can be read."""
    values = []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "events.out.tfevents.1")
        try:
            path.write_bytes(blob.data.numpy().tobytes())
            for event in LegacyEventFileLoader(str(path)).Load():
                values += [(event.step, value) for value in event.summary.value]
        except Exception:  # bytes that are no event file
            return values
    return values


def _run(seen, folder, lookalikes=None):
    """Ask that every writer is closed and all was written into one folder; return what stands there."""
    named = {"writer-not-closed": lambda count: count > 0}
    expect(seen).item("open", "the number of writers that are still open", named).equals(0)
    runs = expect(seen).item("runs", "the dict of event files", lookalikes).is_a(dict)
    loaded = {name: [pair for blob in blobs for pair in _loaded(blob)] for name, blobs in seen.value["runs"].items()}
    written = [name for name, values in loaded.items() if values]
    runs.satisfies(
        lambda _: written == [folder], "values were written into other folders than expected, or nowhere",
        got=f"values in {', '.join(written) or 'no folder'}", expected=f"all values in {folder}",
    )  # fmt: skip
    return loaded[folder]


def _curve(values, tag):
    return [(step, value.simple_value) for step, value in values if value.tag == tag]


def _without_poles(points):
    return [(step, value) for step, value in points if abs(value) < 1e6]


def _angles(rng):
    start, stride = _int(rng, -360, -300), _int(rng, 7, 14)
    return start, _int(rng, 300, 361), stride


@pytest.mark.step("write_curves")
def test_tags(submission, rng):
    """writes three scalars into the folder that it is given, and closes its writer"""
    log_dir = f"logs/{_int(rng, 0, 1000)}"
    seen = submission.probe.curves(log_dir, *_angles(rng))
    named = {
        "add-scalars-makes-runs": lambda runs: any(name.startswith(log_dir + "/") for name in runs),
        "log-dir-ignored": lambda runs: log_dir not in runs and any(name.startswith("runs") for name in runs),
    }
    values = _run(seen, log_dir, named)
    tags = sorted({value.tag for _, value in values})
    one_tag = len({step for step, _ in values}) < len(values)
    named = {
        "iterator-used-up": lambda tags: len(tags) == 1 and not one_tag,
        "one-tag-for-all": lambda tags: len(tags) == 1,
    }
    expect(tags, named, what="the list of tags").equals(["cos", "sin", "tan"])


@pytest.mark.step("write_curves")
def test_curves(submission, rng):
    """draws each function over the angle in degrees"""
    _, stop, stride = _angles(rng)
    angles = range(-90 - 10 * stride, stop, stride)[::-1]
    seen = submission.probe.curves("curves", angles[-1], stop, stride)
    values = _run(seen, "curves")
    for tag, function in CURVES.items():
        expected = _without_poles([(angle, function(math.radians(angle))) for angle in angles])
        named = {
            "degrees-not-radians": [(angle, function(angle)) for angle in angles],
            "step-missing": [(0, value) for _, value in expected],
            "step-counts-from-zero": lambda found, expected=expected: (
                [step for step, _ in found] != [step for step, _ in expected]
                and {step for step, _ in found} <= set(range(len(angles)))
                and len(found) == len(expected)
            ),
            "points-out-of-order": lambda found, expected=expected: (
                [step for step, _ in found] == sorted(step for step, _ in expected)
            ),
            "writers-of-one-second": lambda found, expected=expected: (
                seen.value["writers"] > 1 and {step for step, _ in found} < {step for step, _ in expected}
            ),
        }
        expect(_without_poles(_curve(values, tag)), named, what=f"the curve {tag}").equals(expected)
        steps = [step for step, _ in _curve(values, tag)]
        expect(steps, what=f"the list of steps of the curve {tag}, poles included,").equals(list(angles))


def _points(rng, first, count):
    return [(first + 2 * index, value) for index, value in enumerate(torch.randn(count, generator=rng).tolist())]


def _file_of(values):
    """Return the bytes of an event file with these (step, value), as a writer leaves it."""
    file = io.BytesIO()
    writer = RecordWriter(file)
    writer.write(Event(file_version="brain.Event:2").SerializeToString())
    for step, value in values:
        writer.write(Event(step=step, summary=Summary(value=[value])).SerializeToString())
    return sent(file.getvalue())


def _scalars(tag, points):
    """Return an event file with these points under a tag, and others under another tag."""
    both = [
        (step, Summary.Value(tag=each, simple_value=sign * value))
        for step, value in points for each, sign in (("another/" + tag, -1), (tag, 1))
    ]  # fmt: skip
    return _file_of(both)


def _histogram(tag, row):
    """Return a histogram of one row, with few buckets."""
    count, low, high, total, squares = _figures(row)
    below = int((row <= 0).sum())
    return Summary.Value(tag=tag, histo=HistogramProto(
        num=count, min=low, max=high, sum=total, sum_squares=squares,
        bucket_limit=[-9, 0, 9], bucket=[0, below, len(row) - below],
    ))  # fmt: skip


def _histograms(tag, steps, values):
    """Return an event file with one histogram for each row of values, and some under another tag."""
    written = []
    for index, (step, row) in enumerate(zip(steps, values, strict=True)):
        if index % 10 == 0:
            written.append((index, _histogram("another/" + tag, row * 2)))
        written.append((step, _histogram(tag, row)))
    return _file_of(written)


@pytest.mark.step("read_curve")
def test_reads_curve(submission, rng):
    """reads every point of one tag"""
    points = _points(rng, _int(rng, -9, 9), 5)
    named = {"accumulator-not-reloaded": "not found in Reservoir"}
    tag = f"curve{_int(rng, 0, 100)}"
    seen = submission.probe.read("read_curve", "run", tag, [_scalars(tag, points)])
    _known(expect(seen, named)).equals(points)


def _known(read):
    """Ask that the tag was found."""
    return read.satisfies(
        lambda found: found != "not found in Reservoir", "an exception was raised: the accumulator has no such tag",
        got="KeyError: … not found in Reservoir", expected="no exception",
    )  # fmt: skip


@pytest.mark.step("read_curve")
def test_reads_all_files(submission, rng):
    """reads all event files of the run, one after the other"""
    # The last file begins anew before the end of the one before it, as after a training that was set back.
    parts = [_points(rng, first, count) for first, count in ((0, 4), (8, 4), (10, 6))]
    named = {
        "accumulator-not-reloaded": "not found in Reservoir",
        "one-file-of-several": lambda found: any(
            len(found) == len(part) and found[0][0] == part[0][0] for part in parts
        ),
    }
    seen = submission.probe.read("read_curve", "run/second", "loss", [_scalars("loss", part) for part in parts])
    expected = [point for part in parts for point in part]
    named["points-out-of-order"] = lambda found: found != expected and sorted(found) == sorted(expected)
    _known(expect(seen, named)).equals(expected)


def _weights(rng):
    steps = [_int(rng, 0, 5), _int(rng, 7, 20)]
    return torch.randn(3, 4, generator=rng), torch.randn(3, generator=rng), steps, [1.0, 1.5]


def _figures(values):
    """Return what a histogram says of its values: count, smallest, largest, sum and sum of squares."""
    flat = values.double().flatten()
    return [float(each) for each in (len(flat), flat.min(), flat.max(), flat.sum(), flat.square().sum())]


def _of(value):
    histogram = value.histo
    return [histogram.num, histogram.min, histogram.max, histogram.sum, histogram.sum_squares]


def _tags(values):
    return [(step, value.tag) for step, value in values]


NO_GRADIENT = ("layer.bias", "scale")


@pytest.mark.step("write_histograms")
def test_histogram_tags(submission, rng):
    """writes one histogram for each weight and each gradient that is there, at its step"""
    weights, bias, steps, factors = _weights(rng)
    values = _run(submission.probe.histograms(weights, bias, steps, factors), "net")
    tags = ["gradients/layer.weight", "weights/layer.bias", "weights/layer.weight", "weights/scale"]
    expected = [(step, tag) for step in steps for tag in tags]
    named = {
        "step-missing": [(0, tag) for tag in sorted(2 * tags)],
        "step-counts-from-zero": lambda found: (
            len(found) == len(expected)
            and {tag for _, tag in found} == set(tags)
            and {step for step, _ in found} <= set(range(len(tags)))
        ),
        "one-tag-for-all": lambda found: len(found) == len(expected) and len({tag for _, tag in found}) < len(tags),
        "buffers-are-not-parameters": sorted([*expected, *((step, "weights/steps") for step in steps)]),
        "frozen-left-out": [pair for pair in expected if pair[1] != "weights/scale"],
        "none-becomes-zeros": sorted(
            [*expected, *((step, f"gradients/{name}") for step in steps for name in NO_GRADIENT)]
        ),
        "wrong-tag": lambda found: (
            [step for step, _ in found] == [step for step, _ in expected]
            and len({tag for _, tag in found}) == len(tags)
        ),
    }
    found = [(step, value.tag) for step, value in values if value.HasField("histo")]
    expect(sorted(found), named, what="the list of (step, tag) of all histograms").equals(expected)


@pytest.mark.step("write_histograms")
def test_histogram_values(submission, rng, device):
    """counts the values themselves, weights under weights and gradients under gradients"""
    weights, bias, steps, factors = _weights(rng)
    values = _run(submission.probe.histograms(weights, bias, steps, factors), "net")
    found = {(step, value.tag): _of(value) for step, value in values if value.HasField("histo")}
    for step, factor in zip(steps, factors, strict=True):
        grad = weights.sin() * factor
        named = {"weights/layer.weight": weights * factor, "weights/layer.bias": bias, "weights/scale": weights[0],
                 "gradients/layer.weight": grad}  # fmt: skip
        for tag, expected in named.items():
            got = expect(found, what="the dict of histograms, by step and tag,").item((step, tag))
            got.satisfies(
                lambda figures, expected=expected: torch.allclose(
                    torch.tensor(figures), torch.tensor(_figures(expected)), rtol=1e-5, atol=1e-5
                ),
                f"the histogram {tag} at step {step} is not that of its values",
                got=_told, expected=_told(_figures(expected)),
            )  # fmt: skip


def _told(figures):
    """Return figures of a histogram in words."""
    names = ("count", "min", "max", "sum", "sum of squares")
    return ", ".join(f"{name} {figure:.5g}" for name, figure in zip(names, figures, strict=True))


@pytest.mark.step("write_histograms")
def test_writer_stays_open(submission, rng, device):
    """leaves the caller's writer open and the model as it was"""
    weights, bias, steps, factors = _weights(rng)
    seen = expect(submission.probe.histograms(weights, bias, steps, factors))
    seen.item("closed", lookalikes={"closes-callers-writer": True}).is_false("the caller's writer was closed")
    kept = seen.item("kept", "the dict of the model's tensors").length(3)
    kept.item("weight", "the model's weight").tensor(weights * factors[-1], device=device)
    kept.item("grad", "the gradient of the model's weight").tensor(weights.sin() * factors[-1], device=device)
    kept.item("other").is_true("the bias has a gradient after the call, and had none before it")


@pytest.mark.step("read_ranges")
def test_ranges(submission, rng):
    """reads every histogram that was written, not a sample of them"""
    values = torch.randn(100, 7, generator=rng)
    # In the middle the run was set back to an earlier step.
    back = _int(rng, 60, 80)
    steps = [3 * index if index < back else 3 * (index - 20) + 1 for index in range(len(values))]
    expected = [(step, row.min().item(), row.max().item()) for step, row in zip(steps, values, strict=True)]
    named = {
        "reservoir-keeps-few": lambda found: 0 < len(found) < len(expected) and set(found[-1:]) <= set(expected),
        "points-out-of-order": lambda found: found != expected and sorted(found) == sorted(expected),
        "bucket-ends-for-values": lambda found: all(low == -9 or high == 9 for _, low, high in found),
    }
    tag = f"weights/{_int(rng, 0, 100)}"
    seen = submission.probe.read("read_ranges", "run", tag, [_histograms(tag, steps, values)])
    expect(seen, named).equals(expected)


def _plain(value):
    """Return what a record holds: a word or a number. torch's own writer notes a flag as a number, so all do here."""
    found = getattr(value, value.WhichOneof("kind") or "kind", None)
    return float(found) if isinstance(found, bool) else found


def _hparams(values):
    """Return hyperparameters and names of metrics as they stand in a run; None where there is no such record."""
    found, metrics = None, None
    for _, value in values:
        if value.metadata.plugin_data.plugin_name == "hparams":
            try:
                data = HParamsPluginData.FromString(value.metadata.plugin_data.content)
            except DecodeError:  # a record that the submission made up
                continue
            if data.HasField("session_start_info"):
                hparams = data.session_start_info.hparams
                found = {name: _plain(each) for name, each in hparams.items()}
            if data.HasField("experiment"):
                metrics = sorted(info.name.tag for info in data.experiment.metric_infos)
    return found, metrics


def _trial(submission, rng, hparams):
    """Let a trial be written; return its values and the metrics that are due."""
    log_dir, name = f"search{_int(rng, 0, 100)}", f"trial{_int(rng, 0, 100)}"
    metrics = {"hparam/accuracy": torch.rand((), generator=rng).item(), "hparam/loss": 1 + _int(rng, 0, 9) / 8}
    seen = submission.probe.trial(log_dir, name, hparams, metrics)
    run = f"{log_dir}/{name}"
    named = {
        "trials-share-a-run": lambda runs: (
            set(runs) == {log_dir} and _hparams(_loaded(runs[log_dir][0]))[0] is not None
        ),
        "hparams-without-metrics": lambda runs: _hparams(_loaded(runs[run][0])) == (hparams, []),
        "logs-all-metrics": lambda runs: {log_dir, run} == set(runs),
        "hparam-run-unnamed": lambda runs: any(run.rpartition("/")[2].replace(".", "").isdecimal() for run in runs),
    }
    return _run(seen, run, named), metrics


@pytest.mark.step("write_trial")
def test_trial(submission, rng):
    """records hyperparameters as hyperparameters and metrics as metrics"""
    hparams = {"lr": 10.0 ** -_int(rng, 1, 5), "batch_size": float(_int(rng, 1, 100))}
    values, metrics = _trial(submission, rng, hparams)
    found, names = _hparams(values)
    named = {
        "hparams-metrics-swapped": metrics,
        "hparams-as-plain-values": lambda found: (
            found is None and set(hparams) <= {value.tag.removesuffix("/text_summary") for _, value in values}
        ),
    }
    expect(found, named, what="the record of hyperparameters").equals(hparams)
    named = {
        "hparams-without-metrics": [],
        "wrong-tag": lambda names: len(names) == len(metrics) and not {*names} & {*metrics},
    }
    expect(names, named, what="the record of the metrics' names").equals(sorted(metrics))
    scalars = {value.tag: value.simple_value for _, value in values if value.HasField("simple_value")}
    expect(scalars, what="the dict of scalars").equals(metrics)


@pytest.mark.step("write_trial")
def test_kinds(submission, rng):
    """records strings, whole numbers and flags among the hyperparameters"""
    hparams = {"optimizer": f"adam{_int(rng, 0, 9)}", "layers": _int(rng, 1, 9), "nesterov": True, "lr": 0.125}
    values, _ = _trial(submission, rng, hparams)
    named = {
        "hparams-as-plain-values": lambda found: (
            found is None and set(hparams) & {value.tag.removesuffix("/text_summary") for _, value in values}
        )
    }
    expected = hparams | {"layers": float(hparams["layers"]), "nesterov": 1.0}
    expect(_hparams(values)[0], named, what="the record of hyperparameters").equals(expected)
