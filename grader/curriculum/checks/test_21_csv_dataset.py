"""Hidden checks of 21: a dataset out of a CSV file."""

import pytest
import torch

from grader.compare import expect, require

PATH = "table.csv"
NAMES = ("row", "width", "height", "depth", "weight", "size", "kind")


class Table:
    """A random table of numbers with columns in random order; what its text says, as tensors."""

    def __init__(self, rng, rows):
        self.rows = rows
        self.names = [NAMES[index] for index in torch.randperm(len(NAMES), generator=rng)]
        columns = {name: [f"{value:.3f}" for value in torch.randn(rows, generator=rng) * 10] for name in NAMES}
        columns["row"] = [str(100 + row) for row in range(rows)]
        columns["depth"] = [str(int(value)) for value in torch.randint(-90, 90, (rows,), generator=rng)]
        kinds = torch.randint(2, 9, (rows,), generator=rng)
        kinds[1] += 300  # no byte holds it
        columns["kind"] = [str(int(value)) for value in kinds]
        columns["size"] = [f"{int(value)}.0" for value in torch.randint(-40, 40, (rows,), generator=rng)]
        for values in columns.values():
            values[-1] = values[0]  # two equal rows are two rows
        self.lines = [",".join(columns[name][row] for name in self.names) for row in range(rows)]
        self.columns = {name: torch.tensor([float(value) for value in columns[name]]) for name in NAMES}

    def text(self, header=True):
        """The file: a line of names, if wanted, and the rows."""
        return "\n".join([",".join(self.names)] * header + self.lines) + "\n"

    def all(self):
        """Every number."""
        return self.features(self.names)

    def features(self, names):
        """The columns of these names, in this order."""
        return torch.stack([self.columns[name] for name in names], dim=1)

    def labels(self):
        """The column of labels."""
        return self.columns["kind"].long()

    def backwards(self, *names):
        """These names in another order than in the file: the last one first."""
        return sorted(names, key=self.names.index, reverse=True)

    def other_column(self, value, asked):
        """Whether a tensor of labels holds another column of the file than the one that was asked for."""
        return any(torch.equal(value.data.long(), self.columns[name].long()) for name in self.names if name != asked)

    def in_file_order(self, value):
        """Whether a tensor holds columns of the file, each further right in the file than the one before."""
        places = [self._place(value.data[:, index]) for index in range(value.shape[1])]
        return places == sorted(places) and -1 not in places and value.shape[0] == self.rows

    def _place(self, column):
        fits = [torch.allclose(column.float(), self.columns[name], rtol=1e-4, atol=1e-4) for name in self.names]
        return fits.index(True) if True in fits else -1


def wrong_dtype(value):
    """Whether a tensor kept the dtype of the file."""
    return value.dtype == "float64"


def a_column(value, *shape):
    """Whether a tensor of labels has one dimension too many."""
    return value.shape == (*shape, 1)


def stated(error):
    """Whether somebody wrote a `raise` for this exception, which is none that a loop or a caller waits for."""
    return error.stated


@pytest.mark.step("read_numbers")
def test_with_names(submission, rng):
    """reads every row after the line of names"""
    for rows in (5, 8):
        table = Table(rng, rows)
        submission.probe.write(table.text())
        named = {
            "header-eaten": table.all()[1:],
            "column-taken-for-index": table.all()[:, 1:],
            "equal-rows-dropped": table.all()[:-1],
            "float64-leak": wrong_dtype,
        }
        expect(submission.read_numbers(PATH, True), named).tensor(table.all())


@pytest.mark.step("read_numbers")
def test_without_names(submission, rng):
    """reads the first line, too, where it is a row of numbers"""
    for rows in (5, 8):
        table = Table(rng, rows)
        submission.probe.write(table.text(header=False))
        named = {
            "header-eaten": table.all()[1:],
            "column-taken-for-index": table.all()[:, 1:],
            "equal-rows-dropped": table.all()[:-1],
            "float64-leak": wrong_dtype,
        }
        expect(submission.read_numbers(PATH, False), named).tensor(table.all())


@pytest.mark.step("read_numbers")
def test_whole_numbers(submission, rng):
    """makes float32 of whole numbers as well"""
    for columns in (3, 1):
        numbers = torch.randint(-50, 50, (4, columns), generator=rng)
        text = "\n".join(",".join(map(str, row)) for row in numbers.tolist())
        submission.probe.write(text)
        named = {"header-eaten": numbers[1:], "column-taken-for-index": numbers[:, 1:]}
        expect(submission.read_numbers(PATH, False), named).tensor(numbers.float())


@pytest.mark.step("read_columns")
def test_features(submission, rng):
    """takes the features by their names, in the order that was asked for"""
    for names in (("width", "height", "depth"), ("weight", "width"), ("depth", "row", "weight", "height")):
        table = Table(rng, 6)
        asked = table.backwards(*names)
        submission.probe.write(table.text())
        seen = submission.read_columns(PATH, asked, "kind")
        pair = expect(seen).length(2)
        named = {
            "float64-leak": wrong_dtype,
            "equal-rows-dropped": table.features(asked)[:-1],
            "asked-columns-ignored": table.in_file_order,
        }
        pair.item(0, "the tensor of features", named).tensor(table.features(asked))
        require(seen.arguments[1] == asked, "the caller's list was changed", seen=seen,
                got=str(seen.arguments[1]), expected=str(asked), misconception="mutates-caller")  # fmt: skip


@pytest.mark.step("read_columns")
def test_one_feature(submission, rng):
    """keeps two dimensions where one column is asked for"""
    table = Table(rng, 5)
    submission.probe.write(table.text())
    pair = expect(submission.read_columns(PATH, ["height"], "kind")).length(2)
    named = {"float64-leak": wrong_dtype, "asked-columns-ignored": table.in_file_order}
    pair.item(0, "the tensor of features", named).tensor(table.features(["height"]))


@pytest.mark.step("read_columns")
def test_labels(submission, rng):
    """returns one whole number for each row as its label"""
    for rows in (5, 7):
        table = Table(rng, rows)
        submission.probe.write(table.text())
        pair = expect(submission.read_columns(PATH, table.backwards("width", "height"), "kind")).length(2)
        named = {
            "label-shape": lambda t: a_column(t, rows),
            "asked-columns-ignored": lambda t: table.other_column(t, "kind"),
            "labels-not-long": lambda t: t.dtype.startswith(("float", "int32")),
        }
        pair.item(1, "the tensor of labels", named).tensor(table.labels())


@pytest.mark.step("read_columns")
def test_other_label(submission, rng):
    """takes the labels from the column that is named, however it is written"""
    for name in ("depth", "size"):
        table = Table(rng, 6)
        submission.probe.write(table.text())
        pair = expect(submission.read_columns(PATH, ["width", "kind"], name)).length(2)
        named = {
            "label-shape": lambda t: a_column(t, 6),
            "asked-columns-ignored": lambda t: table.other_column(t, name),
            "labels-not-long": lambda t: t.dtype.startswith(("float", "int32")),
        }
        pair.item(1, "the tensor of labels", named).tensor(table.columns[name].long())


@pytest.mark.step("position")
def test_from_the_front(submission):
    """leaves an index that counts from 0 as it is"""
    for length in (1, 4, 7):
        for index in range(length):
            expect(submission.position(index, length)).equals(index)


@pytest.mark.step("position")
def test_from_the_end(submission):
    """counts negative indices from the end"""
    for length in (1, 4, 7):
        for index in range(-length, 0):
            seen = submission.attempt("position", index, length)
            if seen.exception is not None and "IndexError" in seen.exception.bases:
                require(False, "a negative index was refused", seen=seen, got=str(seen.exception), expected=str(index + length),
                        misconception="negative-index-refused")  # fmt: skip
            expect(submission.position(index, length), {"negative-index-kept": index}).equals(index + length)


@pytest.mark.step("position")
def test_outside(submission):
    """raises IndexError where there is no such item"""
    submission.position(0, 2)
    for length in (3, 6, 0):
        for index in (length, length + 2, 3 * length + 1, -length - 1, -length - 3):
            seen = submission.attempt("position", index, length)
            silent = "out-of-range-silent" if seen.exception is None else None
            expect(seen).raises("IndexError", misconception=silent)


@pytest.mark.step("CsvDataset")
def test_items(submission, rng):
    """has one item for each row, features and label"""
    for names in (("width", "height", "depth"), ("weight", "row")):
        table = Table(rng, 7)
        asked = table.backwards(*names)
        order = torch.randperm(7, generator=rng).tolist()
        seen = expect(submission.probe.ask(table.text(), asked, "kind", order))
        seen.item("length", "the length of the dataset").equals(7)
        items = seen.item("items", "the list of items").length(7)
        for place, index in enumerate(order):
            item = items.item(place, f"item {index}").length(2)
            named = {
                "batch-of-one": lambda t: t.shape == (1, len(asked)),
                "float64-leak": wrong_dtype,
                "asked-columns-ignored": table.features(asked[::-1])[index],
            }
            item.item(0, f"the feature tensor of item {index}", named).tensor(table.features(asked)[index])
            named = {"label-shape": a_column, "labels-not-long": lambda t: t.dtype.startswith("float")}
            item.item(1, f"the label of item {index}", named).tensor(table.labels()[index])


@pytest.mark.step("CsvDataset")
def test_is_dataset(submission, rng):
    """is a Dataset, and a loop over it ends after its last row"""
    table = Table(rng, 5)
    submission.recognise({"another-error-raised": stated})
    seen = expect(submission.probe.describe(table.text(), ["width"], "kind"))
    seen.item("is_dataset").is_true("CsvDataset is not a subclass of torch.utils.data.Dataset")
    looped = seen.item("looped", "the number of items in a loop over the dataset", {"out-of-range-silent": 10})
    looped.equals(5)


@pytest.mark.step("CsvDataset")
def test_negative_index(submission, rng):
    """counts negative indices from the end"""
    table = Table(rng, 6)
    asked = table.backwards("width", "weight", "height")
    seen = expect(submission.probe.ask(table.text(), asked, "kind", [-1, -4, -6]))
    items = seen.item("items", "the list of items").length(3)
    # A dataset of another length refuses an item for that reason.
    refused = {"negative-index-refused": lambda item: seen._value["length"] == 6 and item in ("IndexError", "KeyError")}
    for place, index in enumerate((-1, -4, -6)):
        item = items.item(place, f"item {index}", refused)
        said = f"an exception was raised for item {index}"
        item.satisfies(lambda item: item not in ("IndexError", "KeyError"), said, got=str, expected="an item").length(2)
        named = {
            "batch-of-one": lambda t: t.shape == (1, 3),
            "float64-leak": wrong_dtype,
            "asked-columns-ignored": table.features(asked[::-1])[index],
        }
        item.item(0, f"the feature tensor of item {index}", named).tensor(table.features(asked)[index])
        named = {"label-shape": a_column, "labels-not-long": lambda t: t.dtype.startswith("float")}
        item.item(1, f"the label of item {index}", named).tensor(table.labels()[index])


@pytest.mark.step("CsvDataset")
def test_no_such_item(submission, rng):
    """raises IndexError for an item that is not there"""
    table = Table(rng, 5)
    indices = [5, 6, 11, -6, -13]
    submission.recognise({"another-error-raised": stated})
    seen = expect(submission.probe.ask(table.text(), ["width", "height"], "kind", indices))
    items = seen.item("items", "the list of items").length(5)
    for place, index in enumerate(indices):
        silent = {"out-of-range-silent": lambda item: isinstance(item, (tuple, list))}
        item = items.item(place, f"item {index}", silent)
        item.satisfies(
            lambda item: item == "IndexError", f"no IndexError was raised for item {index} of 5", expected="IndexError"
        )


@pytest.mark.step("CsvDataset")
def test_read_once(submission, rng):
    """reads the file once, when it is made"""
    table, other = Table(rng, 6), Table(rng, 9)
    seen = expect(submission.probe.after_change(table.text(), other.text(), ["height"], "kind", [0, 4]))
    seen.item("length", "the length of the dataset", {"reads-file-per-item": 9}).equals(6)
    items = seen.item("items", "the list of items").length(2)
    for place, index in enumerate((0, 4)):
        named = {"reads-file-per-item": other.features(["height"])[index]}
        item = items.item(place, f"item {index}").length(2)
        item.item(0, f"the feature tensor of item {index}", named).values(table.features(["height"])[index])
        again = {"reads-file-per-item": other.labels()[index]}
        item.item(1, f"the label of item {index}", again).values(table.labels()[index])


@pytest.mark.step("CsvDataset")
def test_transform(submission, rng):
    """passes the features through the transform each time an item is asked for, and nothing but them"""
    table, indices = Table(rng, 6), [3, 0, 3, -1]
    asked = table.backwards("width", "height", "weight")
    seen = expect(submission.probe.through_transform(table.text(), asked, "kind", indices))
    once = {
        "transform-at-the-start": lambda calls: calls[0] > 0 or calls[3] == calls[2] > 0,
        "transform-on-label-too": [0, 2, 4, 6, 8],
    }
    calls = seen.item("calls", "the list of how often the transform was called, before any item and after each,", once)
    calls.equals([0, 1, 2, 3, 4])
    for place, index in enumerate(indices):
        expected = table.features(asked)[index]
        named = {
            "batch-of-one": lambda t: t.shape == (1, 3),
            "float64-leak": wrong_dtype,
            "asked-columns-ignored": table.features(asked[::-1])[index],
        }
        got = seen.item("got", "the list of the transform's arguments").length(4)
        got.item(place, f"the transform's argument for item {index}", named).tensor(expected)
        item = seen.item("items", "the list of items").length(4).item(place, f"item {index}").length(2)
        dropped = {"transform-result-dropped": expected}
        item.item(0, f"the feature tensor of item {index}", dropped).tensor(expected + place + 1)
        item.item(1, f"the label of item {index}").values(table.labels()[index])


@pytest.mark.step("CsvDataset")
def test_what_comes_out(submission, rng):
    """hands out what the transform returned, just as it is"""
    table = Table(rng, 5)
    seen = expect(submission.probe.through_odd_transform(table.text(), ["weight", "height"], "kind", 3)).length(2)
    expected = table.features(["weight", "height"])[3]
    rounded = seen.item(0, "the feature tensor after a transform to int16")
    rounded.dtype(torch.int16).values(expected.round())
    learned = seen.item(1, "the feature tensor after a transform with a parameter")
    learned.requires_grad(True).values(3 * expected)


@pytest.mark.step("CsvDataset")
def test_copies(submission, rng):
    """hands out copies, so that writing into an item leaves the dataset alone"""
    table, asked = Table(rng, 5), ["weight"]
    expected = table.features(asked)[2]
    seen = expect(submission.probe.through_in_place_transform(table.text(), asked, "kind", 2)).length(3)
    for place, times in enumerate(("first", "second", "third")):
        named = {"item-aliases-dataset": expected * 2 ** (place + 1)} if place else {}
        what = f"item 2 after a transform that doubles in place, asked for the {times} time,"
        seen.item(place, what, named).values(expected * 2)
    seen = submission.probe.written_by_caller(table.text(), asked, "kind", 2)
    expect(seen, {"item-aliases-dataset": expected * 2}, what="item 2 after the caller wrote into it").values(expected)
