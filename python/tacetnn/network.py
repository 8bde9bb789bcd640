"""Network: a network of the small language with its weights, which can be fitted, asked, read and saved."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from threading import RLock
from typing import Any

import numpy as np

from . import _core
from .arrays import Array
from .batches import Batches, Feed, Rows, each_x, is_batches
from .description import Description, Sparse, Texts, short, value_of
from .files import load, notes_of
from .fitting import Callback, fit
from .intake import Intake
from .own import Operator
from .pages import network_html
from .reading import (Reader, alone, check_name, chosen, contents, copy_contents, is_content, lambdas, names_of,
                      read_all, set_contents, set_lambdas)
from .run import Run

VALUES = 2**26
"""Numbers, of all values together, for which there is room before the first fit."""
LONG = 1e6
"""Epochs of a run whose length is not yet known."""


class Network(Intake):
    """A network with its weights.

    Parameters
    ----------
    layers : str
        The layers from the input to the output, ``"linear 512 | relu | linear 10"``. ``tacetnn.entries("layer")`` lists
        them.
    input : int or tuple of int
        The shape of a row of x.
    layout : {"hwc", "chw"}, optional
        What the sizes of a row of rank 3 mean; it must be given for such rows. The network itself computes in
        [height, width, channels]: rows that are ``"hwc"`` are used where they are, rows that are ``"chw"`` are turned
        once, and activations of images are [rows, height, width, channels] either way.
    loss : str
        How the output is compared with y, ``"cross_entropy"``. Without one, the network can only be asked.
    optimizer : str
        How the parameters are updated, ``"sgd lr=0.05 momentum=0.9"``.
    penalties : mapping of str to str or list of str
        Selectors and their penalties, ``{"relu1": "l1 1e-3", "*.weight": ["l2 1e-4"]}``.
    parameters : mapping of str to str
        Selectors and options of the parameters that match, ``{"linear1.*": "frozen", "linear2.*": "lr=0.01"}``.
    target : {"", "x"}
        What the output is compared with: y, or x itself (an autoencoder).
    metrics : str
        What to measure in addition to the usual metrics of the loss, ``"f1, top_k k=5"``.
    seed : int
        Of the initial weights, the order of the rows, dropout and the rows that are held out.
    threads : int, optional
        By default the cores that this process may use. Results do not depend on it.
    sparse : {"auto", "never", "always"}
        Whether products run only over the units that fire.
    ledger : int
        Steps between measurements of the gradients of the penalties and of the data.
    operators : sequence of Operator
        Layers, losses, penalties and constraints of one's own, which the other texts name.

    Attributes
    ----------
    plan, graph : Plan, Graph
        The objects of the library that train it; a fit makes new ones.
    schema : str
        What was learned of the data of the last fit, as JSON: how rows are scaled, and the words of classes.
    run : Run or None
        What the last fit has done.

    Raises
    ------
    DescriptionError
        If a text has a mistake; the error shows where.
    ValueError, TypeError
        If a setting has a value that it cannot have.

    Notes
    -----
    Threads that use the same network take turns, except during a fit, when those that did not begin it get an error.

    Examples
    --------
    >>> import numpy as np, tacetnn as tn
    >>> x = np.random.default_rng(0).standard_normal((200, 8), dtype=np.float32)
    >>> y = (x[:, 0] > x[:, 1]).astype(int)
    >>> net = tn.Network("linear 16 | relu | linear 2", input=8, loss="cross_entropy", optimizer="sgd lr=0.1",
    ...                  penalties={"relu1": "l1 1e-3"})
    >>> run = net.fit(x, y, epochs=20, batch=20, progress=False)
    >>> net.predict(x[:3]).shape, net["relu1"].shape
    ((3, 2), (3, 16))
    """

    graph: _core.Graph
    plan: _core.Plan
    output: _core.Value
    batch: int

    def __init__(self, layers: str, *, input: int | Sequence[int], layout: str | None = None, loss: str = "",
                 optimizer: str = "", penalties: Texts | None = None, parameters: Texts | None = None, target: str = "",
                 metrics: str = "", seed: int = 0, threads: int | None = None, sparse: Sparse = "auto",
                 ledger: int = 50, operators: Sequence[Operator] = ()) -> None:
        super().__init__(layers, input=input, layout=layout, loss=loss, optimizer=optimizer, penalties=penalties,
                         parameters=parameters, target=target, metrics=metrics, seed=seed, threads=threads,
                         sparse=sparse, ledger=ledger, operators=operators)
        self.pool = _core.Pool(self.threads)
        self.lock = RLock()
        self.run: Run | None = None
        self._reader = Reader()
        self._seen: tuple[Any, Any] | None = None
        self._fitted: tuple[Any, Any] | None = None
        self.compile(batch=self._first_batch())

    # ---- The plan ----------------------------------------------------------------------------------------------------

    def compile(self, batch: int = 128, epochs: float = LONG, steps_per_epoch: int = 1, metrics: str | None = None,
                training: bool = True, accumulate: int = 1, ema: float = 0.0) -> None:
        """Makes a plan for a run of that length, with the weights, and what layers remember, of the one before.

        A plan that is not for training has no schedules: its lambdas are the numbers that are set.
        """
        graph, output = self.describe()
        plan = graph.compile(batch=batch, optimizer=training and self.optimizer or None, seed=self.seed, pool=self.pool,
                             epochs=epochs, steps_per_epoch=max(steps_per_epoch, 1), sparse=self.sparse,
                             ledger=self.ledger, metrics=(self.metrics if metrics is None else metrics) or None,
                             accumulate=accumulate, ema=ema)
        if hasattr(self, "plan"):
            copy_contents(plan, self.plan)
        self.graph, self.plan, self.output, self.batch = graph, plan, output, batch

    def _first_batch(self) -> int:
        """The rows of a plan before the first fit: fewer of large images, which need much memory."""
        return max(1, min(128, VALUES // self.probe[1]))

    @alone
    def explain(self) -> str:
        """The compiled steps, with shapes, operations, bytes and memory, as text."""
        return str(self.plan.explain())

    def remember(self, x: Any, y: Any = None, fitted: bool = False) -> None:
        """Remembers rows, as they were given and without a copy, as those that were seen, or fitted to, last."""
        self._seen = x, y
        if fitted:
            self._fitted = x, y

    # ---- Fitting and asking ------------------------------------------------------------------------------------------

    def fit(self, x: Any, y: Any = None, *, sample_weight: Any = None, epochs: int | None = None, batch: int = 128,
            steps: int = 0, validation: Any = None, data: str = "", augment: str = "", shuffle: bool = True,
            metric: str = "data_loss", patience: int = 0, on_epoch: Callback | None = None,
            on_step: Callback | None = None, progress: bool | None = None, out: str | os.PathLike[str] | None = None,
            resume: bool = False, checkpoint: int = 0, log: int = 100, accumulate: int = 1, ema: float = 0.0) -> Run:
        """Trains the network. With the same data, settings and seed, the bits are those of ``tacet train``.

        A later fit is a new run, which continues with the weights and with what layers remember. The state of the
        optimizer, schedules and targets begin anew.

        Parameters
        ----------
        x : array_like, [rows, \\*input]
            A NumPy array, a tensor of PyTorch on the CPU, a frame of pandas, anything with a buffer or DLPack.
            Contiguous float32, float64, uint8, int32 and int64 are read where they are. uint8 is taken for pixels and
            scaled by 1/255, and so is all that the network sees later, floats too; ``data="scale=1"`` turns that off.
            Or batches of any sizes, each a step: an iterable of (x, y), a function that returns one for each epoch, a
            DataLoader of PyTorch. Schedules and targets, which depend on the length of an epoch, need a list or
            another iterable that has a len(). Or a `Data`.
        y : array_like
            Class indices [rows], or [rows, positions...], for a loss that compares with labels; otherwise numbers
            [rows, \\*output]. None with ``target="x"``, batches or data.
        sample_weight : array_like, [rows], optional
            A weight of at least 0 for each row: a row of weight 2 counts as if it were there twice, in losses and in
            metrics. Batches give theirs as (x, y, sample_weight).
        epochs : int
            Passes over the rows, by default 10 or, with `steps`, as many as those take.
        batch : int
            Rows in a step; batches keep their own sizes.
        steps : int
            The fit ends after this many steps; 0: after the last epoch.
        validation : float, (x, y) or (x, y, sample_weight), optional
            A share of the rows that is held out, drawn by the seed, or rows of their own.
        data : str
            Attributes that all sources of data have, ``"normalize=feature"``. Rows that the network sees later are
            scaled in the same way.
        augment : str
            How images are changed, anew in each epoch, ``"flip | crop 4"``.
        shuffle : bool
            Whether the rows are taken in an order drawn by the seed.
        metric : str
            By which figure of the validation rows an epoch is the best.
        patience : int
            The fit ends after this many epochs in which `metric` has not improved; 0: never.
        on_epoch, on_step : callable, optional
            Are called with the run after each epoch or step; they may call ``run.stop()``. An exception in one ends
            the fit; the network stays as it is then.
        progress : bool, optional
            Whether a line moves while an epoch runs; by default on a terminal. False: nothing is shown.
        out : path, optional
            The folder of the run, as ``tacet train --out`` writes it.
        resume : bool
            Whether the run in `out` is continued, to the same bits as if it had not been interrupted. If `out` holds
            no run yet, one begins.
        checkpoint, log : int
            Steps between checkpoints, and between lines of ``run.steps_log``; 0: none.
        accumulate : int
            Batches that make one step, which is the same as with a batch so many times as large, except for rounding.
            ``batch_norm`` normalises each batch by itself.
        ema : float
            The decay of an exponential moving average of the weights, ``0.999`` for example; 0: none. It is evaluated
            beside them, and ``run.average`` has it. The network keeps the weights of the last step.

        Returns
        -------
        Run
            What happened: ``run.ledger`` has a record of each epoch.

        Raises
        ------
        NotFiniteError
            If the objective, a gradient or the update is not finite. The network is as before that step.
        ValueError, TypeError
            If x, y or a setting is not what the network can be fitted to.
        """
        return fit(self, x, y, sample_weight=sample_weight, epochs=epochs, batch=batch, steps=steps,
                   validation=validation, data=data, augment=augment, shuffle=shuffle, metric=metric, patience=patience,
                   on_epoch=on_epoch, on_step=on_step, progress=progress, out=out, resume=resume, checkpoint=checkpoint,
                   log=log, accumulate=accumulate, ema=ema)

    @alone
    def predict(self, x: Any) -> Array:
        """The outputs for rows of x, in evaluation mode.

        Parameters
        ----------
        x : array_like, [rows, \\*input]; or batches, as in `fit`

        Returns
        -------
        ndarray of float32, [rows, \\*output]
            Images are [rows, height, width, channels], also with
            ``layout="chw"``.
        """
        if is_batches(x, len(self.input)):
            return np.concatenate([self._outputs(rows) for rows in each_x(x)])
        return self._outputs(x)

    def _outputs(self, x: Any) -> Array:
        data = self._asked(x)
        self.remember(x)
        name = value_of(self.plan, self.output).name
        y = read_all(self, self.plan, data, [name])[name]
        if data:
            data.restore(y)  # into the unit of the targets
        return y

    def _asked(self, x: Any) -> _core.Data | None:
        """x as data; None if it has no rows, which data do not allow."""
        rows = x if isinstance(x, _core.Data) else self.rows(x)
        return None if isinstance(rows, np.ndarray) and len(rows) == 0 else self.seen(rows, answers=False)

    @alone
    def evaluate(self, x: Any, y: Any = None, *, sample_weight: Any = None) -> dict[str, Any]:
        """The figures of the network on rows, in evaluation mode.

        Parameters
        ----------
        x, y : array_like
            Rows and their targets; or x a `Data`, or batches, as in `fit`.
        sample_weight : array_like, [rows], optional
            A weight for each row, as in `fit`.

        Returns
        -------
        dict
            ``data_loss``, ``objective`` and the metrics, with the names that they have in metrics.jsonl.
        """
        if not self.loss:
            raise ValueError('the network has no loss: Network(..., loss="cross_entropy")')
        if y is None and is_batches(x, len(self.input)):
            feed: Feed = Batches(self, x)
        else:
            data = self.seen(x, y, sample_weight=sample_weight)
            if data.info.weighed and not self.weighed:
                self.weighed = True
                self.compile(batch=self.batch)
            feed = Rows(self, data, self.batch)
            self.remember(x, y)
        feed.evaluate(self.plan, self.output)
        return dict(json.loads(self.plan.record("evaluation")))

    # ---- Values ------------------------------------------------------------------------------------------------------

    @alone
    def __getitem__(self, name: str) -> Array:
        """The value of a layer for the rows last given to `fit`, `predict` or `evaluate`; of a parameter, its value.

        Values of layers are those in evaluation mode with the current weights, [rows, ...].
        """
        if is_content(self.plan, name):
            return self.plan.read(name)
        if self._seen is None:
            raise RuntimeError("the network has not seen rows yet: give them, activations(x, name)")
        return self._reader.values(self, [name], self._asked(self._seen[0]))[name]

    @alone
    def __contains__(self, name: object) -> bool:
        return name in names_of(self.plan)

    @alone
    def __setitem__(self, name: str, value: Any) -> None:
        """Sets a parameter, or what a layer remembers; the array has its shape."""
        if not is_content(self.plan, name):
            raise KeyError(f"{name} is computed: only parameters, and what layers remember, can be set")
        self.load_state_dict({name: value}, strict=False)

    @alone
    def activations(self, x: Any, *selectors: str) -> dict[str, Array]:
        """The values of layers for rows of x, in evaluation mode.

        Parameters
        ----------
        x : array_like, [rows, \\*input]
        *selectors : str
            ``"relu1"``, ``"relu*"``; by default all layers.

        Returns
        -------
        dict of str to ndarray of float32, [rows, ...]
            Images are [rows, height, width, channels].

        Examples
        --------
        >>> net = Network("linear 16 | relu | linear 2", input=8)
        >>> {name: value.shape for name, value in net.activations(np.zeros((3, 8)), "relu*").items()}
        {'relu1': (3, 16)}
        """
        names = chosen(self, selectors or ("*",))
        data = self._asked(x)
        self.remember(x)
        return self._reader.values(self, names, data)

    @alone
    def gradient(self, name: str, x: Any = None, y: Any = None) -> Array:
        """dObjective/dValue of a layer or a parameter, with the current weights; see `gradients`."""
        check_name(self.plan, name)
        return self._gradients([name], x, y)[name]

    @alone
    def gradients(self, *selectors: str, x: Any = None, y: Any = None) -> dict[str, Array]:
        """dObjective/dValue of the values that the selectors match, with the current weights and lambdas.

        They are those of training steps, which a copy of the network makes: dropout drops, and batch_norm normalises
        over the rows of a batch. The objective of more rows than the batch of the last fit is the mean over such
        batches.

        Parameters
        ----------
        *selectors : str
            ``"relu1"``, ``"relu*"``, ``"*.weight"``.
        x, y : array_like, optional
            Rows and their targets; by default those of the last `fit`.

        Returns
        -------
        dict of str to ndarray of float32
            [rows, ...] for the output of a layer; the shape of a parameter for a parameter.

        Examples
        --------
        >>> net = Network("linear 16 | relu | linear 2", input=8, loss="cross_entropy", penalties={"relu1": "l1 1e-3"})
        >>> g = net.gradients("relu1", "*.weight", x=np.ones((3, 8)), y=[0, 1, 1])
        >>> {name: value.shape for name, value in g.items()}
        {'linear1.weight': (16, 8), 'relu1': (3, 16), 'linear2.weight': (2, 16)}
        """
        return self._gradients(chosen(self, selectors), x, y)

    def _gradients(self, names: Sequence[str], x: Any, y: Any) -> dict[str, Array]:
        if not self.loss:
            raise ValueError("the network has no loss, so nothing has a gradient")
        if x is None and self._fitted is None:
            raise RuntimeError("the network has not been fitted to rows yet: give them, gradient(name, x, y)")
        data = self.seen(*((x, y) if x is not None or self._fitted is None else self._fitted))
        return self._reader.gradients(self, names, data)

    @alone
    def check_gradient(self, x: Any, y: Any = None) -> _core.GradientCheck:
        """Compares the gradients of the parameters with differences of the objective on rows, at most a batch of them.

        Parameters
        ----------
        x, y : array_like
            Rows and their targets. A few are enough.

        Returns
        -------
        GradientCheck
            ``error``, the largest relative error, under 0.01 if the gradients are right; ``text``, where it is; how many
            numbers were ``checked``, and how many were left out, because they are near ``kinks``.
        """
        if not self.loss:
            raise ValueError("the network has no loss, so nothing has a gradient")
        return self._reader.check(self, self.seen(x, y))

    # ---- Weights -----------------------------------------------------------------------------------------------------

    @alone
    def weights(self) -> dict[str, Array]:
        """Copies of the parameters by name, laid out as in PyTorch: the weight of a linear layer is [out, in]."""
        return {v.name: self.plan.read(v.name) for v in self.plan.values() if v.role == "parameter"}

    @alone
    def state_dict(self) -> dict[str, Array]:
        """Copies of the parameters and of what layers remember, such as batch_norm1.running_mean, by name."""
        return {name: self.plan.read(name) for name, _ in contents(self.plan)}

    @alone
    def load_state_dict(self, state: Mapping[str, Any], strict: bool = True) -> None:
        """Sets the parameters and what layers remember.

        Parameters
        ----------
        state : mapping of str to array_like
            As `state_dict` gives it, or that of a module of PyTorch with the same names (num_batches_tracked is left
            out).
        strict : bool
            Whether every name must be there, and no other.

        Raises
        ------
        ValueError
            If a shape differs or, with strict, a name is missing or unknown. Nothing is then changed.

        Examples
        --------
        >>> net, other = (Network("linear 2", input=3, seed=seed) for seed in (1, 2))
        >>> other.load_state_dict(net.state_dict())
        >>> bool((net["linear1.weight"] == other["linear1.weight"]).all())
        True
        """
        set_contents(self.plan, state, strict)

    # ---- Files -------------------------------------------------------------------------------------------------------

    @alone
    def save(self, path: str | os.PathLike[str]) -> None:
        """Saves the network as safetensors, as ``tacet train`` does; ``tacet eval`` and ``tacet predict`` read it."""
        self.plan.save(path, notes_of(self))

    @classmethod
    def load(cls, path: str | os.PathLike[str], **settings: Any) -> Network:
        """The network in a file of `save` or of ``tacet train``.

        Parameters
        ----------
        path : str or path
            The file, or the folder of a run.
        **settings
            Settings of `Network` that replace those in the file, such as ``optimizer=`` for a file of ``tacet train``,
            which does not name one, and the ``operators=`` of one's own that the network names.
        """
        return load(cls, path, settings)

    # ---- PyTorch -----------------------------------------------------------------------------------------------------

    @staticmethod
    def from_torch(module: Any, example: Any, **settings: Any) -> Network:
        """A network with the layers, names and weights of a module of PyTorch; see `tacetnn.torch.from_torch`."""
        from . import torch
        return torch.from_torch(module, example, **settings)

    def to_torch(self) -> Any:
        """A module of PyTorch with the layers, names and weights of the network; see `tacetnn.torch.to_torch`."""
        from . import torch
        return torch.to_torch(self)

    # ---- Copies ------------------------------------------------------------------------------------------------------

    @alone
    def __getstate__(self) -> dict[str, Any]:
        return {"settings": self.settings, "state": self.state_dict(), "batch": self.batch, "schema": self.schema,
                "source": self.source, "at_most_one": self.at_most_one, "lambdas": lambdas(self.plan)}

    def __setstate__(self, saved: dict[str, Any]) -> None:
        Network.__init__(self, **saved["settings"])
        self.compile(batch=saved["batch"], training=False)
        self.load_state_dict(saved["state"])
        set_lambdas(self.plan, saved["lambdas"])
        self.schema, self.source, self.at_most_one = saved["schema"], saved["source"], saved["at_most_one"]

    # ---- Showing -----------------------------------------------------------------------------------------------------

    def __repr__(self) -> str:
        preset = Description(self.layers, input=1).settings | {"input": None}
        given = [f"{k}={short(v)!r}" for k, v in self.settings.items() if v != preset[k]]
        return f"Network({', '.join([repr(self.layers), *given])})"

    @alone
    def _repr_html_(self) -> str:
        return network_html(self)
