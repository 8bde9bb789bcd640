"""tacet.h in Python, one to one. The records are named tuples that the extension makes."""

from collections.abc import Callable, Mapping, Sequence
from os import PathLike
from typing import Any, Literal, NamedTuple, SupportsIndex, final

import numpy as np
import numpy.typing as npt
from typing_extensions import Buffer

_Buffer = Buffer | npt.NDArray[Any]
_Path = str | bytes | PathLike[str] | PathLike[bytes]
_Value = Value | str | None
_Part = Literal["input", "model", "loss", "penalties", "options", "operators"]
_Sparse = Literal["auto", "never", "always"]
_Shape = tuple[int, ...]
_Lent = tuple[Numbers, ...]

class Error(Exception):
    message: str
    source: str
    column: int
    width: int
    hint: str

class RunError(Error, RuntimeError): ...
class DescriptionError(Error, ValueError): ...
class FileError(Error, ValueError): ...
class OutOfMemoryError(Error, MemoryError): ...
class IOFailure(Error, OSError): ...
class NotFiniteError(Error, ArithmeticError): ...

class Term(NamedTuple):
    role: str
    name: str
    on: str
    kind: str
    spec: str
    reduce: str
    note: str
    lambda_: float
    value: float
    prox: bool

class ValueInfo(NamedTuple):
    role: str
    name: str
    kind: str
    spec: str
    value: Value
    shape: _Shape
    batch: bool
    trainable: bool
    silent: bool
    elements: int
    units: int
    dead: int
    density: float
    sparse_forward: float
    sparse_backward: float
    type: str
    classes: int
    owner: Value | None

class State(NamedTuple):
    name: str
    shape: _Shape
    elements: int
    layer: Value

class Firing(NamedTuple):
    rows: int
    units: int
    density: float
    dead: int
    histogram: _Shape
    natural: float
    decades: _Shape
    revived: int

class Total(NamedTuple):
    steps: int
    rows: int
    objective: float
    data_loss: float
    clipped: float

class Account(NamedTuple):
    value: float
    lambda_: float
    share: float
    gradient: float
    data_gradient: float
    target: float
    due: float
    bound: int
    zeros: int
    inputs: int
    empty_inputs: int

class Metric(NamedTuple):
    name: str
    kind: str
    spec: str
    better: int
    value: float
    note: str
    classes: int
    by: int
    each: npt.NDArray[np.float64] | None

class Warning(NamedTuple):
    on: str
    kind: str
    text: str

class DataInfo(NamedTuple):
    rows: int
    shape: _Shape
    type: str
    classes: int
    target_shape: _Shape | None
    spec: str
    has_test: bool
    stored_shape: _Shape
    label_shape: _Shape
    header: int
    remarks: str
    weighed: bool

class GradientCheck(NamedTuple):
    error: float
    checked: int
    kinks: int
    text: str

class Result(NamedTuple):
    rows: int
    objective: float
    data_loss: float
    accuracy: float

class Pruned(NamedTuple):
    name: str
    units: int
    units_left: int
    parameters: int
    parameters_left: int
    flops: float
    flops_left: float

class Entry(NamedTuple):
    role: str
    name: str
    formula: str
    doc: str
    source: str
    attributes: int
    mixes: bool
    parameter: tuple[str, ...]
    logits: bool
    labels: bool

class Attribute(NamedTuple):
    name: str
    type: str
    preset: str | None
    doc: str
    positional: bool
    common: bool

class Setting(NamedTuple):
    entry: int
    attribute: int
    given: bool
    column: int
    width: int

def version() -> str: ...
def machine() -> str: ...
def entries() -> list[Entry]: ...
def attributes(i: int, /) -> list[Attribute]: ...
def spec_find(role: str, text: str, key: str, /) -> tuple[str, Setting]: ...
def spec_set(role: str, text: str, key: str, value: str, /) -> str: ...
def spec_number(type: str, text: str, /) -> tuple[float, int] | None: ...
@final
class Value:
    @property
    def id(self) -> int: ...
    def __hash__(self) -> int: ...

@final
class Pool:
    def __new__(cls, threads: int) -> Pool: ...

@final
class Ranks:
    def __new__(cls, rank: int, count: int, sum: Callable[[memoryview], object]) -> Ranks: ...

@final
class Numbers:
    def __buffer__(self, flags: int, /) -> memoryview: ...

@final
class Graph:
    def __new__(cls) -> Graph: ...
    def input(
        self, name: str, shape: SupportsIndex | Sequence[SupportsIndex], classes: int = 0, indices: bool = False
    ) -> Value: ...
    def labels(self, name: str, /) -> Value: ...
    def chain(self, x: _Value, layers: str, /) -> Value: ...
    def loss(self, loss: str, y: _Value, target: _Value, /) -> None: ...
    def penalize(self, selector: str, penalty: str, /) -> None: ...
    def options(self, selector: str, options: str, /) -> None: ...
    def keep(self, selector: str, /) -> None: ...
    def keep_gradient(self, selector: str, /) -> None: ...
    def take_gradient(self, selector: str, /) -> None: ...
    def operator_add(
        self,
        role: str,
        name: str,
        *,
        value: Callable[[_Lent, Numbers | None, tuple[float, ...]], Any] | None = None,
        gradient: Callable[
            [_Lent, tuple[Numbers | None, ...], Numbers | None, Numbers | None, tuple[float, ...]], object
        ]
        | None = None,
        prox: Callable[[Numbers, float, tuple[float, ...]], object] | None = None,
        shape: Callable[[tuple[_Shape, ...], tuple[float, ...]], _Shape | None] | None = None,
        attributes: tuple[tuple[str, float | None], ...] = (),
        inputs: int = 0,
        mixes: bool = False,
        zeros: bool = False,
        labels: bool = False,
        formula: str | None = None,
        doc: str | None = None,
    ) -> None: ...
    def check_operator(self, spec: str, inputs: Sequence[_Buffer], /) -> GradientCheck: ...
    def find(self, name: str, /) -> Value | None: ...
    def matches(self, selector: str, value: _Value, /) -> bool: ...
    def axes(self, name: str, /) -> str: ...
    def groups(self, name: str, /) -> int: ...
    def parameter(self, layer: str, i: int, /) -> str | None: ...
    def text(self, part: _Part, /) -> str: ...
    def compile(
        self,
        *,
        batch: int = 1,
        optimizer: str | None = None,
        seed: int = 0,
        threads: int = 1,
        pool: Pool | None = None,
        steps_per_epoch: int = 1,
        epochs: float = 0,
        sparse: _Sparse = "auto",
        ledger: int = 0,
        ranks: Ranks | None = None,
        metrics: str | None = None,
        accumulate: int = 0,
        ema: float = 0.0,
    ) -> Plan: ...

@final
class Plan:
    @property
    def objective(self) -> float: ...
    @property
    def data_loss(self) -> float: ...
    @property
    def gradient_norm(self) -> float: ...
    @property
    def learning_rate(self) -> float: ...
    @property
    def steps(self) -> int: ...
    @property
    def rows(self) -> int: ...
    @property
    def weighs(self) -> bool: ...
    @property
    def least_rows(self) -> int: ...
    def feed(self, name: _Value, array: _Buffer, /) -> None: ...
    def feed_rows(
        self,
        name: _Value,
        data: _Buffer,
        index: _Buffer | None = None,
        *,
        scale: _Buffer | None = None,
        shift: _Buffer | None = None,
    ) -> None: ...
    def unfeed(self) -> None: ...
    def step(self, rows: int | None = None, /, **inputs: _Buffer) -> None: ...
    def accumulate(self, of: int, rows: int | None = None, /, **inputs: _Buffer) -> None: ...
    def weigh(self, rows: int | None = None, /, **inputs: _Buffer) -> None: ...
    def forward(self, rows: int | None = None, /, **inputs: _Buffer) -> None: ...
    def evaluate_batch(self, rows: int | None = None, /, **inputs: _Buffer) -> None: ...
    def lambda_max(self, term: str | int, rows: int | None = None, /, **inputs: _Buffer) -> float: ...
    def check_gradient(self, rows: int | None = None, /, **inputs: _Buffer) -> GradientCheck: ...
    def train(
        self, loader: Loader, x: _Value, target: _Value, most: int = ..., seconds: float = ...
    ) -> tuple[int, bool]: ...
    def evaluate(self, loader: Loader, x: _Value, target: _Value, y: _Value, /) -> Result: ...
    def evaluate_begin(self, target: _Value, y: _Value, /) -> None: ...
    def check_batch(self, loader: Loader, x: _Value, target: _Value, /) -> GradientCheck: ...
    def evaluate_batches(
        self, loader: Loader, x: _Value, target: _Value, most: int = ..., seconds: float = ...
    ) -> tuple[int, bool]: ...
    def evaluate_end(self) -> Result: ...
    def read(self, name: str, /) -> npt.NDArray[np.float32]: ...
    def read_gradient(self, name: str, /) -> npt.NDArray[np.float32]: ...
    def write(self, name: str, array: _Buffer, /) -> None: ...
    def add_gradient(self, name: str, array: _Buffer, /) -> None: ...
    def values(self) -> list[ValueInfo]: ...
    def states(self) -> list[State]: ...
    def value_inputs(self, value: _Value, /) -> list[Value]: ...
    def firing(self, value: _Value, training: bool = False, /) -> Firing: ...
    def dead_units(self, value: _Value, training: bool = False, /) -> npt.NDArray[np.int64]: ...
    def reset_counts(self) -> None: ...
    def set_rate(self, value: float, /) -> None: ...
    def use_average(self, average: bool, /) -> None: ...
    def schedule_step(self, loss: float, /) -> None: ...
    def explain(self) -> str: ...
    def record(self, what: str, *, epoch: int = 0, best_epoch: int = 0, seconds: float = 0.0, step_us: float = 0.0,
               validated: bool = False, ema: str | None = None) -> str: ...
    def terms(self) -> list[Term]: ...
    def warnings(self) -> list[Warning]: ...
    def metrics(self, training: bool = False, /) -> list[Metric]: ...
    def account(self, term: str | int, /) -> Account: ...
    def term_firing(self, term: str | int, /) -> Firing: ...
    def term_on(self, term: str | int, /) -> list[Value]: ...
    def term_value(self, name: str, /) -> float: ...
    def depends_on_length(self, term: str | int | None = None, /) -> bool: ...
    def set_lambda(self, term: str, value: float, /) -> None: ...
    def ledger_reset(self) -> None: ...
    def ledger_total(self) -> Total: ...
    def save(self, path: _Path, notes: Mapping[str, str] | None = None) -> None: ...
    def checkpoint(
        self, path: _Path, loader: Loader | None = None, notes: Mapping[str, str] | None = None
    ) -> None: ...
    def resume(self, file: File, loader: Loader | None = None) -> None: ...

@final
class Data:
    @classmethod
    def open(cls, source: _Path, part: str = "train") -> Data: ...
    @classmethod
    def open_as(cls, source: _Path, schema: str, part: str = "train", answers: bool = True) -> Data: ...
    @classmethod
    def arrays(
        cls, x: _Buffer, y: _Buffer | None = None, labels: bool = False, options: str | None = None,
        schema: str | None = None
    ) -> Data: ...
    @property
    def info(self) -> DataInfo: ...
    @property
    def schema(self) -> str: ...
    def hold_out(self, share: float, seed: int = 0, /) -> Data: ...
    def weigh(self, sample_weight: _Buffer, /) -> None: ...
    def balance(self, loss: str, /) -> str: ...
    def id(self, i: int, /) -> str | None: ...
    def restore(self, y: _Buffer, /) -> None: ...

@final
class Loader:
    def __new__(
        cls, data: Data, batch: int, seed: int = 0, shuffle: bool = True, augment: str | None = None
    ) -> Loader: ...
    @property
    def batches(self) -> int: ...
    def tell(self) -> tuple[int, int]: ...
    def seek(self, epoch: int, batch: int, /) -> None: ...

@final
class File:
    def __new__(cls, path: _Path) -> File: ...
    @property
    def count(self) -> int: ...
    def note(self, key: str, /) -> str | None: ...
    def tensor(self, i: int, /) -> tuple[str, _Shape, npt.NDArray[np.float32] | None]: ...
    def graph(self) -> Graph: ...
    def describe(self, graph: Graph, /) -> None: ...
    def load(self, plan: Plan, strict: bool = True) -> int: ...
    def differences(self, plan: Plan, /) -> str: ...
    def pruned(self, graph: Graph, /) -> list[Pruned]: ...
