"""Hidden checks of 23: batches by hand and by DataLoader."""

import dataclasses
import itertools

import pytest
import torch
from torch.utils.data import DataLoader, TensorDataset

from grader.compare import describe, expect, require


def table(rng, count):
    """Random rows (count, 3), no two alike, and the number of each row."""
    return torch.randn(count, 3, generator=rng), torch.arange(count)


def seed_of(rng, most=10**6):
    """A random seed."""
    return int(torch.randint(1, most, (), generator=rng))


def base_seed(rng):
    """A seed as DataLoader draws it for an epoch."""
    return seed_of(rng, 2**62)


def new(seed):
    """A generator of this seed."""
    return torch.Generator().manual_seed(seed)


def sizes_of(count, batch_size, drop_last=False):
    """The size of each batch of an epoch."""
    sizes = [min(batch_size, count - start) for start in range(0, count, batch_size)]
    return [size for size in sizes if size == batch_size or not drop_last]


MANY = 40  # items that hardly ever come in some order by chance


def order_of(seen, index, rows, sizes, device, what="epoch", numbers=torch.int64):
    """Ask for an epoch's batches of these sizes, x beside y and each item once; return the order of the items.

    `numbers` is the dtype of y.
    """
    every, full = len(sizes_of(len(rows), sizes[0])), len(rows) // sizes[0]
    named = {
        "last-batch-lost": lambda got: len(got) == full < len(sizes),
        "argument-ignored": lambda got: len(got) == every > len(sizes),
    }
    epoch = expect(seen).item(index, f"the list of batches of {what} {index + 1}", named).length(len(sizes))
    for place, size in enumerate(sizes):
        name = f"batch {place + 1} of {what} {index + 1}"
        batch = epoch.item(place, name).length(2)
        forced = {"dtype-forced": lambda t: t.dtype == "float32" != str(rows.dtype).removeprefix("torch.")}
        whole = {"dtype-forced": lambda t: t.dtype in ("int64", "float32") and numbers == torch.float64}
        batch.item(0, f"x in {name}", forced).shape(size, 3).dtype(rows.dtype).on(device).finite()
        batch.item(1, f"y in {name}", whole).shape(size).dtype(numbers).on(device).finite()
    x, y = (torch.cat([batch[part].data for batch in seen.value[index]]) for part in (0, 1))
    return _in_order(seen, rows, x, y.tolist())


def _in_order(seen, rows, x, y):
    """Return the order of the items after asking that it is one."""
    fits = (x[:, None, :] == rows[None]).all(-1)
    require(bool(fits.any(1).all()), "x contains rows that are not in the data", seen=seen)
    order = fits.int().argmax(1).tolist()
    require(len(order) == len(set(order)), "some items appear more than once", seen=seen, got=f"items {order}",
            expected="each item once", misconception="drawn-with-replacement")  # fmt: skip
    apart = "shuffle-x-without-y" if len(set(y)) == len(y) else None
    require(order == y, "x and y no longer belong together", seen=seen,
            got=f"x of the items {order[:8]} … with y of the items {y[:8]} …",
            expected="x and y of the same items", misconception=apart)  # fmt: skip
    return order


def is_turned(order):
    """Return whether an order goes through all items one by one, forwards or backwards, from wherever it begins."""
    count = len(order)
    return count >= MANY and len({(b - a) % count for a, b in itertools.pairwise(order)}) == 1


def asks_for_shuffling(seen, order, sizes, *, next_order=None):
    """Ask that an order is neither that of the data nor one of whole stretches of it.

    `next_order`, that of the next epoch, tells whether the data's own order was meant or came of a rotation by 0.
    """
    turned = "rotated-not-shuffled" if next_order and is_turned(next_order) else None
    always = next_order is None or next_order == sorted(next_order)
    require(order != sorted(order), "the items are in the order of the data", seen=seen, got=str(order[:8]),
            expected="a random order", misconception="not-shuffled" if always else turned)  # fmt: skip
    count = len(order)
    require(not is_turned(order), "the items are in the order of the data, from another start", seen=seen,
            got=str(order[:8]), expected="a random order", misconception="rotated-not-shuffled")  # fmt: skip
    starts = [sum(sizes[:place]) for place in range(len(sizes))]
    batches = [order[start : start + size] for start, size in zip(starts, sizes, strict=True)]
    stretches = all(batch == list(range(batch[0], batch[0] + len(batch))) for batch in batches)
    require(not stretches, "each batch is a slice of the data", seen=seen, got=str(batches[:2]),
            expected="a random order of all items", misconception="batches-shuffled-not-items")  # fmt: skip
    if count < MANY:
        return  # too few for what is said next to be more than chance
    moved = max(abs(place - item) for place, item in enumerate(order))
    require(moved > count // 2, "no item moved far from its place in the data", seen=seen, got=str(order[:8]),
            expected="a random order of all items")  # fmt: skip
    beside = sum((b - a) % count in (1, count - 1) for a, b in itertools.pairwise(order))
    require(beside < count / 2, "most items still follow a neighbour", seen=seen, got=str(order[:8]),
            expected="a random order of all items", misconception="rotated-not-shuffled")  # fmt: skip
    rising = sizes[0] > 1 and all(batch == sorted(batch) for batch in batches)
    require(not rising, "inside each batch the items are in the order of the data", seen=seen,
            got=str(batches[:2]), expected="a random order of all items")  # fmt: skip


def asks_for_other_orders(seen, orders):
    """Ask that the second epoch has another order than the first, and the third than the second."""
    belief = None
    if orders[0] == orders[1] == orders[2]:  # two alike may be chance, where the items are only rotated
        belief = "not-shuffled" if orders[0] == sorted(orders[0]) else "same-order-every-epoch"
    require(orders[0] != orders[1] != orders[2], "two epochs in a row have the same order", seen=seen,
            got=str(orders[1][:8]), expected="different orders", misconception=belief)  # fmt: skip


# 1


@pytest.mark.step("iterate_batches")
def test_every_item_once(submission, rng, device):
    """puts every item into exactly one batch, x together with its y"""
    for count, batch_size in ((23, 5), (24, 6), (7, 10), (11, 1), (1, 3)):
        rows, numbers = table(rng, count)
        seen = submission.probe.epochs(rows, numbers, batch_size, new(seed_of(rng)), 1)
        order = order_of(seen, 0, rows, sizes_of(count, batch_size), device)
        require(sorted(order) == numbers.tolist(), "some items are missing", seen=seen)


@pytest.mark.step("iterate_batches")
def test_shuffles(submission, rng, device):
    """shuffles all items"""
    rows, numbers = table(rng, 48)
    rows = rows.double()
    seen = submission.probe.epochs(rows, numbers.double(), 4, new(seed_of(rng)), 2)
    sizes = sizes_of(48, 4)
    first, second = (order_of(seen, index, rows, sizes, device, numbers=torch.float64) for index in (0, 1))
    asks_for_shuffling(seen, first, sizes, next_order=second)


@pytest.mark.step("iterate_batches")
def test_batches_on_device(submission):
    """leaves the batches on the device of the data"""
    seen = submission.probe.place(torch.device("meta"))
    left = {"hard-coded-device": lambda v: "meta" not in v}
    expect(seen, left).satisfies(
        lambda places: places == ["meta"], "a batch is not on the device of the data, or was copied there",
        got="", expected=describe(torch.device("meta")),
    )  # fmt: skip


@pytest.mark.step("iterate_batches")
def test_epochs_differ(submission, rng, device):
    """has a different order in each epoch"""
    rows, numbers = table(rng, 22)
    seen = submission.probe.epochs(rows, numbers, 5, new(seed_of(rng)), 3)
    orders = [order_of(seen, index, rows, sizes_of(22, 5), device) for index in range(3)]
    asks_for_other_orders(seen, orders)


@pytest.mark.step("iterate_batches")
def test_seed_decides(submission, rng, device):
    """has the same orders for the same seed, and different ones for another seed"""
    rows, numbers = table(rng, 21)
    seed = seed_of(rng)
    seen = [submission.probe.epochs(rows, numbers, 4, new(each), 2) for each in (seed, seed, seed + 1)]
    first, again, other = ([order_of(each, index, rows, sizes_of(21, 4), device) for index in (0, 1)] for each in seen)
    require(first == again, "the same seed led to a different order", seen=seen[1])
    require(first != other, "different seeds led to the same order", seen=seen[2])


@pytest.mark.step("iterate_batches")
def test_leaves_the_rest_alone(submission, rng):
    """changes neither the data nor any global random state"""
    rows, numbers = table(rng, 17)
    seen = submission.probe.epochs(rows, numbers, 4, new(seed_of(rng)), 2)
    expect(seen).keeps_argument(0, rows, "mutates-caller").keeps_argument(1, numbers, "mutates-caller")
    expect(seen).keeps_globals(misconception="global-rng-touched")


# 2


@pytest.mark.step("count_batches")
def test_keeps_the_last(submission, rng):
    """counts a smaller last batch"""
    for length, batch_size in _lengths(rng):
        exact = length % batch_size == 0
        named = {
            "last-batch-lost": lambda got: got == length // batch_size and not exact,
            "batch-of-nothing": lambda got: got == length // batch_size + 1 and exact,
        }
        seen = submission.count_batches(length, batch_size, False)
        expect(seen, named).equals(len(sizes_of(length, batch_size)))


@pytest.mark.step("count_batches")
def test_drops_the_last(submission, rng):
    """does not count a smaller last batch that is to be dropped"""
    for length, batch_size in _lengths(rng):
        expected = length // batch_size
        named = {
            "argument-ignored": lambda got: got == expected + 1 and length % batch_size,
            "whole-batch-dropped": lambda got: got == expected - 1 and not length % batch_size,
        }
        expect(submission.count_batches(length, batch_size, True), named).equals(expected)


def _lengths(rng):
    batch_size = int(torch.randint(3, 9, (), generator=rng))
    times = int(torch.randint(2, 30, (), generator=rng))
    short = [(batch_size - 1, batch_size), (0, batch_size), (batch_size, batch_size), (times, 1)]
    whole = times * batch_size
    return [(whole, batch_size), (whole + 1, batch_size), (whole - 1, batch_size), *short]


# 3


@pytest.mark.step("make_loader")
def test_batches_of_loader(submission, rng):
    """hands out every item once, in batches of the size asked for"""
    for count, batch_size, drop_last in ((40, 4, True), (20, 6, False), (20, 6, True), (14, 5, False)):
        rows, numbers = table(rng, count)
        sizes = sizes_of(count, batch_size, drop_last)
        seen = submission.probe.loop(rows, batch_size, drop_last, seed_of(rng), 1)
        expect(seen).item("is_loader").is_true("the result is not a DataLoader")
        expect(seen).item("workers", "the loader's num_workers").equals(0)
        named = {
            "last-batch-lost": lambda got: got == count // batch_size < len(sizes),
            "argument-ignored": lambda got: got == len(sizes) + 1 and drop_last,
        }
        expect(seen).item("length", "the length of the loader", named).equals(len(sizes))
        order = order_of(_epochs(seen), 0, rows, sizes, "cpu")
        asks_for_shuffling(seen, order, sizes)
        require(drop_last or sorted(order) == numbers.tolist(), "some items are missing", seen=seen)


@pytest.mark.step("make_loader")
def test_epochs_of_loader(submission, rng):
    """has a different order in each epoch"""
    rows, _ = table(rng, 23)
    seen = submission.probe.loop(rows, 6, False, seed_of(rng), 3)
    orders = [order_of(_epochs(seen), index, rows, sizes_of(23, 6), "cpu") for index in range(3)]
    asks_for_other_orders(seen, orders)


@pytest.mark.step("make_loader")
def test_seed_of_loader(submission, rng):
    """has the same orders for the same seed, whatever else was drawn, and different ones for another seed"""
    rows, _ = table(rng, 23)
    seed, sizes = seed_of(rng), sizes_of(23, 6)
    runs = ((seed, 1), (seed, 9), (seed + 1, 1))
    seen = [submission.probe.loop_after_draws(rows, 6, each, draws) for each, draws in runs]
    first, again, other = ([order_of(each, index, rows, sizes, "cpu") for index in (0, 1)] for each in seen)
    require(first == again, "the same seed led to a different order after torch's global generator had been used",
            seen=seen[1], misconception="global-rng-touched")  # fmt: skip
    constant = None if first[0] == first[1] else "argument-ignored"
    require(first != other, "different seeds led to the same order", seen=seen[2], misconception=constant)


@pytest.mark.step("make_loader")
def test_global_state(submission, rng):
    """leaves the global random state alone"""
    rows, _ = table(rng, 10)
    seen = submission.probe.loop(rows, 4, False, seed_of(rng), 2)
    expect(seen).item("epochs", "the list of epochs").length(2)
    expect(seen).keeps_globals("torch's global random state", misconception="global-rng-touched")


def _epochs(seen):
    """What was seen of a loop, as if its epochs alone had come back."""
    expect(seen).item("epochs", "the list of epochs").given()
    return dataclasses.replace(seen, value=seen.value["epochs"])


# 4


@pytest.mark.step("first_batch")
def test_first(submission, rng):
    """returns the first batch of a pass"""
    submission.recognise({"loader-is-no-iterator": lambda error: "is not an iterator" in error.message})
    for count, batch_size in ((19, 4), (12, 5)):
        rows, numbers = table(rng, count)
        seed = seed_of(rng)
        seen = submission.probe.look(rows, batch_size, seed)
        loader = DataLoader(TensorDataset(rows, numbers), batch_size, shuffle=True, generator=new(seed))
        batches = list(loader)
        pair = expect(seen).item("batch", "the result").length(2)
        named = {"last-for-first": batches[-1][1], "not-shuffled": numbers[:batch_size]}
        pair.item(1, "y of the batch", named).tensor(batches[0][1])
        pair.item(0, "x of the batch").tensor(batches[0][0])
        fresh = DataLoader(TensorDataset(rows, numbers), batch_size, shuffle=True, generator=new(seed))
        _, again = (next(iter(fresh)) for _ in range(2))
        pair = expect(seen).item("again", "the result of a second call").length(2)
        kept = {"state-between-calls": lambda t, seen=(batches[0][1], batches[1][1]): any(map(t.data.equal, seen))}
        pair.item(1, "y of the batch from a second call", kept).tensor(again[1])


@pytest.mark.step("first_batch")
def test_no_more_than_first(submission, rng):
    """reads no items but those of one batch"""
    rows, _ = table(rng, 15)
    submission.recognise({"loader-is-no-iterator": lambda error: "is not an iterator" in error.message})
    seen = submission.probe.look(rows, 4, seed_of(rng))
    expect(seen).item("batch", "the result").length(2)
    right = lambda asked: seen.value["batch"][1].data.tolist() == asked[:4]  # noqa: E731
    named = {"whole-pass-for-one-batch": lambda asked: len(asked) >= 15 and right(asked)}
    expect(seen).item("asked", "the list of items that the dataset was asked for", named).length(4)


# 5


def sequences(rng, lengths):
    """Lists of random numbers of these lengths, with a 0 at the end of some and at the start of others."""
    made = [torch.randn(length, generator=rng).mul(4).round(decimals=2).tolist() for length in lengths]
    for place, each in enumerate(made):
        if len(each) > 1:
            each[-1 if place % 2 else 0] = 0.0
    return made


def padded(made):
    """The rows as they are due."""
    longest = max(map(len, made))
    return torch.tensor([each + [0.0] * (longest - len(each)) for each in made])


@pytest.mark.step("pad_collate")
def test_rows(submission, rng):
    """puts each sequence at the start of its row, zeros after it"""
    for lengths in ((3, 6, 2, 4), (5, 1), (4,)):
        made = sequences(rng, lengths)
        expected = padded(made)
        front = torch.tensor([[0.0] * (expected.shape[1] - len(each)) + each for each in made])
        named = {
            "sorted-by-length": padded(sorted(made, key=len, reverse=True)),
            "padded-in-front": front,
            "cut-to-shortest": expected[:, : min(lengths)],
            "sequence-first": lambda t: t.shape == expected.T.shape and t.data.allclose(expected.T),
            "float64-leak": lambda t: t.dtype == "float64",
        }
        seen = submission.probe.collate(made, list(range(len(made))))
        expect(seen).item("batch", "the result").length(3).item(0, "the tensor of padded sequences", named).tensor(
            expected
        )


@pytest.mark.step("pad_collate")
def test_lengths(submission, rng):
    """tells the length of each sequence before it was padded"""
    for lengths in ((3, 6, 2, 4), (2, 2, 5)):
        made = sequences(rng, lengths)
        filled = (padded(made) != 0).sum(1)
        by_length = torch.tensor(sorted(lengths, reverse=True))
        named = {
            "sorted-by-length": by_length,
            "lengths-after-padding": torch.full((len(lengths),), max(lengths)),
            "zeros-counted-as-padding": filled,
        }
        seen = submission.probe.collate(made, list(range(len(made))))
        expect(seen).item("batch", "the result").length(3).item(1, "the tensor of lengths", named).tensor(
            torch.tensor(lengths)
        )


@pytest.mark.step("pad_collate")
def test_labels(submission, rng):
    """makes an int64 tensor of the labels"""
    labels = torch.randint(0, 9, (5,), generator=rng)
    seen = submission.probe.collate(sequences(rng, (3, 1, 2, 6, 2)), labels.tolist())
    named = {"labels-not-long": lambda t: t.dtype != "int64", "label-shape": lambda t: t.shape == (5, 1)}
    expect(seen).item("batch", "the result").length(3).item(2, "the tensor of labels", named).tensor(labels)


@pytest.mark.step("pad_collate")
def test_sequences_unchanged(submission, rng):
    """leaves the sequences as they are"""
    made = sequences(rng, (3, 5, 2))
    seen = expect(submission.probe.collate(made, [4, 0, 2]))
    seen.item("batch", "the result").length(3)
    after = seen.item("after", "the list of sequences after the call").length(3)
    for place, each in enumerate(made):
        now = after.item(place, f"sequence {place} after the call", {"mutates-caller": lambda _: True})
        now.tensor(torch.tensor(each))


@pytest.mark.step("pad_collate")
def test_in_a_loader(submission, rng):
    """pads each batch of a DataLoader to its own longest sequence"""
    made = sequences(rng, (2, 5, 7, 3, 4))
    seen = expect(submission.probe.collate_in_loader(made, [3, 1, 4, 1, 5], 2)).length(3)
    for place in range(3):
        part = made[2 * place : 2 * place + 2]
        rows = seen.item(place, f"batch {place + 1}").length(3).item(0, f"the padded tensor of batch {place + 1}")
        rows.shape(len(part), max(map(len, part)))


# 6


def draws(submission, rng, bases, workers):
    """Three numbers of each worker in each epoch, asked to be there."""
    seen = submission.probe.draw_in_workers(bases, workers)
    epochs = expect(seen).length(len(bases))
    for index in range(len(bases)):
        epoch = epochs.item(index, f"epoch {index + 1}").length(workers)
        for worker in range(workers):
            epoch.item(worker, f"the list of numbers that worker {worker} drew").length(3)
    return seen


@pytest.mark.step("seed_worker")
def test_workers_differ(submission, rng):
    """lets each worker draw numbers of its own"""
    for workers in (2, 4):
        seen = draws(submission, rng, [base_seed(rng)], workers)
        drawn = [tuple(each) for each in seen.value[0]]
        require(len(set(drawn)) == workers, "two workers drew the same numbers", seen=seen,
                got=f"{len(set(drawn))} different series", expected=f"{workers} different series",
                misconception="workers-draw-the-same")  # fmt: skip


@pytest.mark.step("seed_worker")
def test_worker_epochs_differ(submission, rng):
    """lets a worker draw different numbers in each epoch"""
    seen = draws(submission, rng, [base_seed(rng), base_seed(rng)], 2)
    first, second = seen.value
    fixed = "worker-seed-same-every-epoch" if first[0] != first[1] else "workers-draw-the-same"
    require(first[0] != second[0] and first[1] != second[1], "a worker drew the same numbers in two epochs",
            seen=seen, misconception=fixed)  # fmt: skip


@pytest.mark.step("seed_worker")
def test_every_bit_counts(submission, rng):
    """draws different numbers for seeds that end in the same digits"""
    base = base_seed(rng)
    # 3**37 changes the first digits and the last ones, in base 2 and in base 10.
    seen = draws(submission, rng, [base, base + 1000 * 2**16, base + 3**37], 2)
    first, second, third = seen.value
    cut = "seed-cut-short" if first[0] != first[1] and first[0] != third[0] else None
    require(first[0] != second[0], "different seeds led to the same numbers", seen=seen, misconception=cut)


@pytest.mark.step("seed_worker")
def test_worker_seed_decides(submission, rng):
    """draws the same numbers again for the same seed"""
    base = base_seed(rng)
    seen = draws(submission, rng, [base, base], 3)
    require(seen.value[0] == seen.value[1], "the same seed led to different numbers", seen=seen,
            misconception="seed-from-nowhere")  # fmt: skip


@pytest.mark.step("seed_worker")
def test_other_generators(submission, rng):
    """leaves the global generators as DataLoader has seeded them"""
    seen = submission.probe.states_in_worker(base_seed(rng), 1)
    for name in ("torch", "random", "numpy"):
        # Where the dataset's own generator was not seeded, that is what has to be said, by another check.
        touched = {"global-rng-touched": lambda kept: not kept and seen.value["own"]}
        expect(seen).item(name, lookalikes=touched).is_true(f"the global random state of {name} was changed")


@pytest.mark.step("seed_worker")
def test_real_workers(submission, rng):
    """works in the worker processes of a DataLoader"""
    seen = submission.probe.draw_in_real_workers(8, 2, seed_of(rng))
    drawn = []
    for index in range(2):
        epoch = expect(seen).item(index, f"epoch {index + 1}").length(4)
        for place in range(4):
            epoch.item(place, f"batch {place + 1}").length(2).item(0, "the list of numbers drawn").length(2)
        drawn.append([number for batch in seen.value[index] for number in batch[0]])
        require(len(set(drawn[index])) == 8, "a number was drawn twice in one epoch", seen=seen,
                got=f"{len(set(drawn[index]))} different numbers", expected="8 different numbers",
                misconception="workers-draw-the-same")  # fmt: skip
    require(not set(drawn[0]) & set(drawn[1]), "the second epoch drew the same numbers as the first",
            seen=seen, misconception="worker-seed-same-every-epoch")  # fmt: skip
