"""Hidden checks of 22: a dataset of digits, and the picture of one of them."""

import pytest
import torch

from grader.compare import expect
from grader.curriculum.checks._digits import DIGITS, real_digits

PATH = "digits.csv"
COLOURS = ("Blues", "gray", "viridis", "magma", "Greens")


def digits(rng, count, most=9):
    """Random lines of a file: labels 1 to `most`, none twice but for two equal lines, pixels 4 to 250."""
    labels = torch.randperm(most, generator=rng)[:count] + 1
    pixels = torch.randint(4, 251, (count, 784), generator=rng)
    if count > 4:
        labels[-1], pixels[-1] = labels[1], pixels[1]  # two equal lines are two pictures
    text = "\n".join(",".join(map(str, line)) for line in torch.cat([labels[:, None], pixels], dim=1).tolist())
    return labels, pixels, text + "\n"


def lost_dimension(value):
    """Whether a tensor of labels has one dimension too many."""
    return value.shape[-1] == 1


def no_index(value):
    """Whether a tensor of labels cannot be one of class indices."""
    return value.dtype.startswith(("float", "uint8", "int8", "int16", "int32"))


def all_zero(value):
    """Whether a tensor of labels, several and not all alike, holds nothing but zeros."""
    return value.data.dim() == 1 and len(value.data) > 3 and not value.data.any()


LABELS = {"label-shape": lost_dimension, "label-scaled-too": all_zero, "labels-not-long": no_index}


def target(label):
    """The one-hot target of a digit."""
    expected = torch.zeros(10)
    expected[label] = 1.0
    return expected


def part_of(seen, index):
    """Return one part of each item that came back, in a function for lookalikes."""
    return [item[index].data for item in seen.value["items"]]


@pytest.mark.step("read_digits")
def test_labels(submission, rng):
    """reads the label of every line"""
    for count in (5, 8, 1):
        labels, _, text = digits(rng, count)
        submission.probe.write(text)
        named = {**LABELS, "header-eaten": labels[1:]}
        if count > 1:
            named["equal-rows-dropped"] = labels[:-1]
        else:
            named = {"squeezed-too-far": lambda t: t.shape == ()}
        pair = expect(submission.read_digits(PATH)).length(2)
        pair.item(0, "the tensor of labels", named).tensor(labels)


@pytest.mark.step("read_digits")
def test_pixels(submission, rng):
    """reads the pixels of every line, one byte for each"""
    for count in (4, 7, 1):
        _, pixels, text = digits(rng, count)
        submission.probe.write(text)
        named = {"header-eaten": pixels[1:], "equal-rows-dropped": pixels[:-1], "wide-dtype-for-bytes": pixels}
        if count == 1:
            named = {"squeezed-too-far": lambda t: t.shape == (784,)}
        pair = expect(submission.read_digits(PATH)).length(2)
        pair.item(1, "the tensor of pixels", named).tensor(pixels.to(torch.uint8))


@pytest.mark.step("read_digits")
def test_real_digits(submission):
    """reads real digits"""
    pair = expect(submission.read_digits(str(DIGITS / "test.csv"))).length(2)
    labels, pixels = real_digits()
    named = {"label-shape": lost_dimension, "labels-not-long": no_index, "header-eaten": labels[1:]}
    pair.item(0, "the tensor of labels", named).tensor(labels)
    named = {"header-eaten": pixels[1:], "wide-dtype-for-bytes": pixels}
    pair.item(1, "the tensor of pixels", named).tensor(pixels.to(torch.uint8))


@pytest.mark.step("scale")
def test_range(submission, rng, device):
    """scales the range 0 to 255 to the range 0 to 1, whatever a picture contains"""
    for shape, low, high in (((784,), 3, 190), ((5, 784), 20, 240), ((3, 28, 28), 40, 90), ((1, 9), 0, 256)):
        pixels = torch.randint(low, high, shape, generator=rng).to(torch.uint8)
        if high == 256:
            pixels.view(-1)[:2] = torch.tensor([0, 255], dtype=torch.uint8)
        numbers = pixels.float()
        least, most = numbers.min(), numbers.max()
        row_most, row_least = numbers.amax(-1, keepdim=True), numbers.amin(-1, keepdim=True)
        stretched = ((numbers - least) / (most - least), (numbers - row_least) / (row_most - row_least))
        own = (numbers / most, numbers / row_most, *stretched)
        named = {
            "squeezed-too-far": lambda t, shape=shape: t.shape == shape[1:] and shape[0] == 1,
            "pixels-not-scaled": numbers,
            "scaled-around-zero": numbers / 127.5 - 1,
            "divided-by-256": numbers / 256,
            "whole-division": pixels // 255,
            "scaled-by-own-maximum": lambda t: any(t.data.allclose(each) for each in own),
            "float64-leak": lambda t: t.dtype == "float64",
        }
        expect(submission.scale(pixels), named).tensor(numbers / 255, device=device)


@pytest.mark.step("scale")
def test_stays_on_device(submission):
    """leaves pixels on the device that they are on"""
    submission.recognise({
        "numpy-knows-no-gpu": lambda error: "to numpy" in error.message,
        "hard-coded-device": lambda error: "copy out of meta" in error.message,
    })  # fmt: skip
    pixels = torch.empty(3, 5, dtype=torch.uint8, device="meta")
    expect(submission.scale(pixels)).shape(3, 5).dtype(torch.float32).on("meta")


def looks_softened(values, expected):
    """Whether numbers are close to those of a target, without being them."""
    return values.shape == expected.shape and values.allclose(expected, atol=0.15) and not values.equal(expected)


@pytest.mark.step("one_hot")
def test_one_place(submission, rng):
    """puts a 1 at the label's place among zeros"""
    for classes in (10, 4, 1):
        for label in {0, int(torch.randint(classes, (), generator=rng)), classes - 1}:
            expected = torch.zeros(classes)
            expected[label] = 1.0
            named = {
                "one-hot-dtype": lambda t: t.dtype.startswith(("int", "uint8", "bool", "float64")),
                "classes-from-labels": lambda t: t.shape == (label + 1,) != (classes,),
                "batch-of-one": lambda t: t.shape == (1, classes),
                "classes-from-one": expected.roll(-1),
                "target-softened": lambda t: looks_softened(t.data, expected),
                "argument-ignored": lambda t: t.shape == (10,) != (classes,),
            }
            expect(submission.one_hot(label, classes), named).tensor(expected)


def lies_at(value, label):
    """Whether what came back is a tensor with something at this negative place."""
    data = getattr(value, "data", None)
    return isinstance(data, torch.Tensor) and data.dim() == 1 and -label <= len(data) and bool(data[label])


@pytest.mark.step("one_hot")
def test_no_such_class(submission):
    """raises ValueError for a label that is not a class"""
    submission.one_hot(0, 2)
    for classes in (10, 3):
        for label in (-1, -classes, -classes - 1, classes, classes + 4):
            seen = submission.attempt("one_hot", label, classes)
            wraps = label < 0 and seen.exception is None and lies_at(seen.value, label)
            expect(seen).raises("ValueError", misconception="negative-label-wraps" if wraps else None)


@pytest.mark.step("DigitDataset")
def test_labels_of_items(submission, rng):
    """hands out each label as it stands in the file"""
    labels, _, text = digits(rng, 6)
    submission.probe.write(text)
    order = torch.randperm(6, generator=rng).tolist()
    seen = submission.probe.ask(PATH, order)
    items = expect(seen).item("items", "the list of items").length(6)
    for place, index in enumerate(order):
        named = {
            "label-scaled-too": lambda t: (
                all((label == 0).all() for label in part_of(seen, 0)) or abs(float(t.data) * 255 - labels[index]) < 1e-3
            ),
            "label-shape": lost_dimension,
            "labels-not-long": no_index,
        }
        item = items.item(place, f"item {index}").length(3)
        item.item(0, f"the label of item {index}", named).tensor(labels[index])


@pytest.mark.step("DigitDataset")
def test_pixels_of_items(submission, rng):
    """hands out pixels from 0 to 1"""
    _, pixels, text = digits(rng, 5)
    submission.probe.write(text)
    order = torch.randperm(5, generator=rng).tolist()
    items = expect(submission.probe.ask(PATH, order)).item("items", "the list of items").length(5)
    for place, index in enumerate(order):
        named = {
            "pixels-not-scaled": pixels[index],
            "batch-of-one": lambda t: t.shape == (1, 784),
            "picture-not-flat": lambda t: t.shape[-2:] == (28, 28),
            "float64-leak": lambda t: t.dtype == "float64",
        }
        item = items.item(place, f"item {index}").length(3)
        item.item(1, f"the pixel tensor of item {index}", named).tensor(pixels[index] / 255)


@pytest.mark.step("DigitDataset")
def test_targets_of_items(submission, rng):
    """hands out the one-hot target of the label"""
    # No 9 among them, so that a target made of the labels that are there is too short.
    labels, _, text = digits(rng, 7, most=8)
    submission.probe.write(text)
    order = torch.randperm(7, generator=rng).tolist()
    seen = submission.probe.ask(PATH, order)
    items = expect(seen).item("items", "the list of items").length(7)
    for place, index in enumerate(order):
        named = {
            "one-hot-dtype": lambda t: t.dtype.startswith(("int", "uint8", "bool", "float64")),
            "classes-from-labels": lambda t: t.shape[0] < 10,
            "label-scaled-too": lambda t: all(row.tolist() == target(0).tolist() for row in part_of(seen, 2)),
        }
        item = items.item(place, f"item {index}").length(3)
        item.item(2, f"the target of item {index}", named).tensor(target(labels[index]))


@pytest.mark.step("DigitDataset")
def test_as_a_sequence(submission, rng):
    """has a length, takes indices from either end, and raises IndexError beyond"""
    labels, _, text = digits(rng, 5)
    submission.recognise({"another-error-raised": lambda error: error.stated})
    seen = expect(submission.probe.describe(text))
    seen.item("is_dataset").is_true("DigitDataset is not a subclass of torch.utils.data.Dataset")
    looped = seen.item("looped", "the number of items in a loop over the dataset", {"out-of-range-silent": 10})
    looped.equals(5)
    seen = expect(submission.probe.ask(PATH, [-1, -5, 5, -6]))
    seen.item("length", "the length of the dataset").equals(5)
    items = seen.item("items", "the list of items").length(4)
    refused = {"negative-index-refused": lambda item: item in ("IndexError", "KeyError")}
    for place, index in enumerate((-1, -5)):
        item = items.item(place, f"item {index}", refused)
        said = f"an exception was raised for item {index}"
        item.satisfies(lambda item: item not in ("IndexError", "KeyError"), said, got=str, expected="an item").length(3)
        item.item(0, f"the label of item {index}").values(labels[index])
    for place, index in ((2, 5), (3, -6)):
        silent = {"out-of-range-silent": lambda item: isinstance(item, (tuple, list))}
        item = items.item(place, f"item {index}", silent)
        item.satisfies(
            lambda item: item == "IndexError", f"no IndexError was raised for item {index} of 5", expected="IndexError"
        )


@pytest.mark.step("DigitDataset")
def test_read_once(submission, rng):
    """reads the file once, when it is made"""
    labels, pixels, text = digits(rng, 4)
    others, other_pixels, other_text = digits(rng, 4)
    items = expect(submission.probe.after_change(text, other_text, [0, 2])).length(2)
    for place, index in enumerate((0, 2)):
        item = items.item(place, f"item {index}").length(3)
        again = {"reads-file-per-item": lambda t: t.data.allclose(other_pixels[index] / 255)}
        item.item(1, f"the pixel tensor of item {index}", again).values(pixels[index] / 255)
        item.item(0, f"the label of item {index}", {"reads-file-per-item": others[index]}).values(labels[index])


@pytest.mark.step("DigitDataset")
def test_real_dataset(submission):
    """makes a dataset of real digits"""
    seen = expect(submission.probe.ask(str(DIGITS / "test.csv"), [0, 100, -1]))
    labels, pixels = real_digits()
    seen.item("length", "the length of the dataset").equals(len(labels))
    items = seen.item("items", "the list of items").length(3)
    for place, index in enumerate((0, 100, -1)):
        item = items.item(place, f"item {index}").length(3)
        item.item(0, f"the label of item {index}").values(labels[index])
        item.item(1, f"the pixel tensor of item {index}").values(pixels[index] / 255)
        item.item(2, f"the target of item {index}").values(target(labels[index]))


def dim_picture(rng):
    """Pixels of a picture that is neither black nor white anywhere."""
    return 0.2 + 0.5 * torch.rand(784, generator=rng)


def drawn(submission, rng, label=None, cmap="Blues"):
    """Draw a random picture; return its pixels and label, and what was seen."""
    pixels = dim_picture(rng)
    label = int(torch.randint(10, (), generator=rng)) if label is None else label
    return pixels, label, submission.probe.draw(pixels, label, cmap)


@pytest.mark.step("draw")
def test_on_these_axes(submission, rng):
    """draws on the Axes that it is given, and nowhere else"""
    _, _, seen = drawn(submission, rng)
    elsewhere = {"axes-ignored": lambda images: not images and seen.value["elsewhere"] > 0}
    expect(seen).item("images", "the list of images on these Axes", elsewhere).length(1)
    elsewhere = {"axes-ignored": lambda count: count > seen.value["bars"]}
    expect(seen).item("elsewhere", "the number of other Axes that were drawn on", elsewhere).equals(0)
    shown = {"figure-shown": lambda v: v > 0}
    expect(seen).item("shown", "the number of times that a figure was shown", shown).equals(0)
    expect(seen).item("shape", "the shape of the caller's pixels", {"mutates-caller": lambda v: True}).equals((784,))
    opened = {"axes-ignored": lambda count: count > 0}
    expect(seen).item("figures", "the number of figures that were opened", opened).equals(0)
    expect(seen).item("left", "the number of Axes that are still in the figure", {"axes-ignored": 0}).equals(3)


@pytest.mark.step("draw")
def test_picture(submission, rng):
    """shows the pixels as 28 rows of 28, the top row first"""
    pixels, _, seen = drawn(submission, rng)
    image = expect(seen).item("images", "the list of images on these Axes").length(1).item(0, "the image")
    rows = pixels.reshape(28, 28).double()
    turned = lambda a: a.data.shape == rows.shape and a.data.allclose(rows.T)  # noqa: E731
    pictured = image.item("array", "the image", {"columns-for-rows": turned})
    pictured.values(rows, rtol=1e-5, atol=1e-8)
    upside_down = {"origin-at-the-bottom": lambda _: True}
    image.item("top_down", lookalikes=upside_down).is_true("the first row of pixels is not at the top")
    image.item("mirrored").is_false("left and right are swapped")


@pytest.mark.step("draw")
def test_title(submission, rng):
    """puts the label into the title"""
    for label in (0, 7):
        _, _, seen = drawn(submission, rng, label=label)
        expected = f"label = {label}"
        named = {"axes-ignored": lambda title: not title and expected in seen.value["titles_elsewhere"]}
        if label != 7:
            named["argument-ignored"] = "label = 7"
        expect(seen).item("title", "the title of these Axes", named).equals(expected)


@pytest.mark.step("draw")
def test_colour_map(submission, rng):
    """uses the colour map that it is given"""
    for index in torch.randperm(len(COLOURS), generator=rng)[:2]:
        _, _, seen = drawn(submission, rng, cmap=COLOURS[index])
        image = expect(seen).item("images", "the list of images on these Axes").length(1).item(0, "the image")
        others = {"argument-ignored": lambda name: isinstance(name, str)}
        image.item("cmap", "the image's colour map", others).equals(COLOURS[index])


@pytest.mark.step("draw")
def test_range_of_colours(submission, rng):
    """maps 0 and 1 to the ends of the colour map, also in a dim picture"""
    pixels, _, seen = drawn(submission, rng)
    image = expect(seen).item("images", "the list of images on these Axes").length(1).item(0, "the image")
    found = [float(pixels.min()), float(pixels.max())]
    stretched = lambda ends: any(abs(end - expected) < 1e-4 for end, expected in zip(ends, found, strict=True))  # noqa: E731
    ends = image.item("range", "the pair of values at the ends of the colour map", {"colours-stretched": stretched})
    ends.equals([0.0, 1.0])
    image.item("middle", "the position of the value 0.25 in the colour map").equals(0.25)
    image.item("alpha").is_true("the image is not opaque")


@pytest.mark.step("draw")
def test_squares(submission, rng):
    """shows each pixel as a square of one colour"""
    _, _, seen = drawn(submission, rng)
    image = expect(seen).item("images", "the list of images on these Axes").length(1).item(0, "the image")
    smooth = {"pixels-smoothed": lambda name: name not in ("none", "nearest")}
    image.item("interpolation", "the image's interpolation", smooth).satisfies(
        lambda name: name in ("none", "nearest"),
        "the pixels are smoothed into each other",
        expected="'none' or 'nearest'",
    )
    square = image.item("square", lookalikes={"picture-stretched": False})
    square.is_true("the pixels are drawn wider than high, or higher than wide")
