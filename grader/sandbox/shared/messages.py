"""What crosses between grader and submission: every message with its fields, and how much each of them may hold.

The only place that spells a key. A message of the child's is checked against this when it is read, so what gets
past the wire has the right fields, of the right types, within these bounds; it may still lie.
"""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct

from grader.sandbox.shared.policy import Policy

MAX_TEXT = 100_000  # letters of one string among the values
MAX_MESSAGE = 2000  # letters of an exception or a warning
MAX_NAME = 400  # letters of a name or a reason
MAX_LINE = 200  # letters of a line of code that is shown
MAX_LINES = 6
MAX_WARNINGS = 20
MAX_BASES = 64
MAX_DIMENSIONS = 64
MAX_LINE_NUMBER = 1_000_000
MAX_LABELS = 1000
MAX_LEFTOVERS = 16
MAX_GRAPH = 40  # nodes of an autograd graph that are looked at
MAX_EDGES = 8  # of a node

Global = Literal[
    "default dtype", "default device", "grad mode", "torch's global random state", "NumPy's global random state",
    "Python's global random state",
]  # fmt: skip

Name = Annotated[str, Meta(max_length=MAX_NAME)]
Message = Annotated[str, Meta(max_length=MAX_MESSAGE)]
Line = Annotated[str, Meta(max_length=MAX_LINE)]
Count = Annotated[int, Meta(ge=0, le=2**62)]
Labels = Annotated[list[Name], Meta(max_length=MAX_LABELS)]

SUBMISSION, PROBE = "submission", "probe"  # the names of the modules that the two files become

Mark = Annotated[str, Meta(max_length=16)]  # of a request, which its answer must bear


# values


class Special(Struct, tag_field="t", tag="float"):
    """A float that JSON cannot hold."""

    v: Literal["nan", "inf", "-inf"]


class ListOf(Struct, tag_field="t", tag="list"):
    """A list."""

    v: list[Node]


class TupleOf(Struct, tag_field="t", tag="tuple"):
    """A tuple."""

    v: list[Node]


class DictOf(Struct, tag_field="t", tag="dict"):
    """A dict, as pairs of key and value."""

    v: list[tuple[Node, Node]]


class GraphNode(Struct, array_like=True):
    """A node of an autograd graph: what it is called, and which ones it passes gradients on to, by their place.

    -1 stands for an input that requires no gradient. `shape` is that of its result; a leaf is marked as such, with
    whether it has a gradient, and the label of the argument that it is.
    """

    name: Name
    next: Annotated[list[Annotated[int, Meta(ge=-1, lt=MAX_GRAPH)]], Meta(max_length=MAX_EDGES)]
    shape: Annotated[list[Count], Meta(max_length=MAX_DIMENSIONS)] | None
    leaf: bool = False
    filled: bool = False
    same_as: Name | None = None


class TensorFacts(Struct, tag_field="t", tag="tensor"):
    """A tensor: `k` is the key of its values among the frame's tensors; `unsendable` says why there are none."""

    type: Name
    dtype: Name
    shape: Annotated[list[Count], Meta(max_length=MAX_DIMENSIONS)]
    device: Name
    requires_grad: bool
    leaf: bool
    retains: bool
    grad_fn: Name | None
    version: Annotated[int, Meta(ge=-1, le=2**62)]
    same_as: Name | None
    shares: Labels
    k: Name | None = None
    unsendable: Name | None = None
    grad: TensorFacts | None = None
    graph: Annotated[list[GraphNode], Meta(max_length=MAX_GRAPH)] = []


class ArrayFacts(Struct, tag_field="t", tag="ndarray"):
    """A numpy array, its values by key as those of a tensor."""

    dtype: Name
    shape: Annotated[list[Count], Meta(max_length=MAX_DIMENSIONS)]
    shares: Labels
    k: Name | None = None


class Dtype(Struct, tag_field="t", tag="dtype"):
    """A dtype of torch, by name."""

    v: Name


class Device(Struct, tag_field="t", tag="device"):
    """A device of torch, by name."""

    v: Name


class Scalar(Struct, tag_field="t", tag="np"):
    """A numpy scalar."""

    dtype: Name
    v: bool | int | float | Special


class Generator(Struct, tag_field="t", tag="generator"):
    """A `torch.Generator` on the CPU, by its seed."""

    v: int


class Unsendable(Struct, tag_field="t", tag="opaque"):
    """What cannot be sent: of which type it is, and why."""

    type: Name
    why: Name = ""


# fmt: off
Node = (
    None | bool | int | float | str | Special | ListOf | TupleOf | DictOf | TensorFacts | ArrayFacts | Dtype | Device
    | Scalar | Generator | Unsendable
)
# fmt: on


# from the grader


class Load(Struct, tag_field="op", tag="load"):
    """Load a submission and the probe beside it; with `measure`, count from now on what each call costs.

    With `graphs`, what autograd has recorded behind a tensor is sent with it.
    """

    id: Mark
    source: str
    filename: str
    probe: str
    seed: int
    measure: bool
    graphs: bool = False


class Call(Struct, tag_field="op", tag="call"):
    """Call a function of the submission or of the probe; `labels` name the arguments, in order."""

    id: Mark
    module: str
    name: str
    labels: list[str]
    seed: int
    args: list[Node]
    kwargs: dict[str, Node]


Request = Load | Call


# from the grader, to a process that waits for its submission


class Prepare(Struct, tag_field="op", tag="prepare"):
    """Import these modules, and compile the text of a probe where there is one."""

    modules: list[str]
    probe: str


class Begin(Struct, tag_field="op", tag="begin"):
    """Become a child under this policy: the next requests are of a submission."""

    policy: Policy


Order = Prepare | Begin


class Ready(Struct):
    """The answer to having been made to prepare: which modules could not be imported, and why."""

    failed: dict[str, str]


# from the child


class Hello(Struct, tag_field="is", tag="hello"):
    """The child is locked down, by what stands in `in_force`."""

    in_force: Annotated[list[Name], Meta(max_length=16)]


class CodeLine(Struct, array_like=True):
    """A line of the learner's file: its number (0 where there is none), text, and the function around it."""

    number: Annotated[int, Meta(ge=0, le=MAX_LINE_NUMBER)]
    text: Line
    function: Line


class Raised(Struct):
    """An exception that left the submission; see SeenException."""

    type: Name
    bases: Annotated[list[Name], Meta(max_length=MAX_BASES)]
    message: Message
    lines: Annotated[list[CodeLine], Meta(max_length=MAX_LINES)]
    own: bool
    stated: bool
    forbidden: Message | None
    missing: Name | None


class Counted(Struct):
    """What one call cost: operations of torch, copies among them, bytes of new tensors, nodes of the graph."""

    operations: Count
    copies: Count
    bytes: Count
    nodes: Count


class Witnessed(Struct, tag_field="is", tag="witnessed"):
    """What happened in one call, or while the file was loaded: what came back or was raised, and what it changed."""

    id: Mark
    value: Node
    arguments: list[Node]
    seconds: Annotated[float, Meta(ge=0, le=1e6)]
    warnings: Annotated[list[Message], Meta(max_length=MAX_WARNINGS)]
    changed: Annotated[list[Global], Meta(max_length=8)]
    raised: Raised | None = None
    cost: Counted | None = None


class Absent(Struct, tag_field="is", tag="absent"):
    """The module has no function of that name; `kind` is the type of what it has, empty for nothing at all."""

    id: Mark
    kind: Name


class Unfit(Struct, tag_field="is", tag="unfit"):
    """The function does not take these arguments; this is its signature."""

    id: Mark
    signature: Message


class Dirty(Struct, tag_field="is", tag="dirty"):
    """The child cannot be put back to how it was before the last submission, and has loaded nothing; this is why."""

    id: Mark
    why: Annotated[list[Name], Meta(max_length=MAX_LEFTOVERS)]


Answer = Witnessed | Absent | Unfit | Dirty
