"""Estimators of scikit-learn: a classifier, a regressor and a sparse autoencoder around a Network.

An estimator is described by plain values, so that clone, pickle and searches over parameters work; `fit` turns them
into a Network. One penalty has parameters of its own, so that a search can be over `lambda_` or `density`; any others
are in `penalties`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from sklearn.base import (BaseEstimator, ClassifierMixin, ClassNamePrefixFeaturesOutMixin, MultiOutputMixin,
                          RegressorMixin, TransformerMixin)
from sklearn.metrics import r2_score
from sklearn.utils import check_array, check_random_state
from sklearn.utils.extmath import softmax
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import _check_sample_weight, check_is_fitted

from . import _core
from .arrays import Array
from .description import as_lists, value_of
from .network import Network
from .run import Run

try:
    from sklearn.utils.validation import validate_data
except ImportError:  # before scikit-learn 1.6

    def validate_data(estimator: Any, *data: Any, **settings: Any) -> Any:
        return estimator._validate_data(*data, **settings)


Penalties = Mapping[str, str | Sequence[str]]

FLOATS = [np.float32, np.float64]
ROWS = 128
"""Rows that a fitted network is asked about at once."""


class _Estimator(BaseEstimator):
    """What all have: a network that is made of the parameters, and fitted."""

    network_: Network
    run_: Run

    def __init__(self, layers: str = "linear 100 | relu", *, penalty: str = "l1", on: str = "relu*",
                 lambda_: float | None = None, density: float | None = None, penalties: Penalties | None = None,
                 parameters: Mapping[str, str] | None = None, optimizer: str = "adam", epochs: int = 100,
                 batch: int = 32, validation: float = 0.0, patience: int = 0, random_state: Any = None,
                 threads: int | None = None, progress: bool = False) -> None:
        self.layers = layers
        self.penalty = penalty
        self.on = on
        self.lambda_ = lambda_
        self.density = density
        self.penalties = penalties
        self.parameters = parameters
        self.optimizer = optimizer
        self.epochs = epochs
        self.batch = batch
        self.validation = validation
        self.patience = patience
        self.random_state = random_state
        self.threads = threads
        self.progress = progress

    def _all_penalties(self) -> dict[str, list[str]]:
        if re.search(r"\s(lambda=|density=|l0=|zeros=|[-+.\d])", str(self.penalty)):
            raise ValueError(f"penalty={self.penalty!r} names a strength: give it as lambda_ or density, "
                             "or the whole text in penalties")
        every = as_lists(self.penalties, "penalties")
        if self.density is not None:  # a target replaces lambda
            every.setdefault(self.on, []).append(f"{self.penalty} density={float(self.density)!r}")
        elif self.lambda_ is not None:
            every.setdefault(self.on, []).append(f"{self.penalty} lambda={float(self.lambda_)!r}")
        return every

    def _fit(self, layers: str, loss: str, x: Array, y: Array | None, sample_weight: Array | None = None) -> None:
        """Makes the network and fits it; y None: its target is x."""
        seed = self.random_state
        if not isinstance(seed, (int, np.integer)):
            seed = check_random_state(seed).randint(2**31 - 1)
        self.network_ = Network(layers, input=x.shape[1], loss=loss, optimizer=self.optimizer,
                                penalties=self._all_penalties(), parameters=self.parameters,
                                target="x" if y is None else "", seed=int(seed), threads=self.threads)
        self.run_ = self.network_.fit(x, y, sample_weight=sample_weight, epochs=self.epochs, batch=self.batch,
                                      validation=self.validation,
                                      patience=self.patience, progress=self.progress)
        if self.patience and self.run_.best:
            self.network_.load_state_dict(self.run_.best)
        self.network_.compile(batch=ROWS, training=False)
        self.n_iter_ = len(self.run_.ledger)

    def __sklearn_is_fitted__(self) -> bool:  # parameters, not only results, have names that end in _
        return hasattr(self, "network_")

    def _outputs(self, x: Any, layer: str | None = None) -> Array:
        """What the network, or one of its layers, says to rows of x, [rows, units].

        Only whole batches are asked: a product of another number of rows may be rounded differently, while scikit-learn
        expects of a row the same answer, to 1e-9, whichever rows are beside it.
        """
        check_is_fitted(self)
        x = validate_data(self, x, dtype=FLOATS, reset=False)
        rows = len(x)
        x = x[np.arange(-(-rows // ROWS) * ROWS) % rows] if rows % ROWS else x
        y = self.network_.predict(x) if layer is None else self.network_.activations(x, layer)[layer]
        return y[:rows]


def counted(x: Array, y: Array, sample_weight: Any) -> tuple[Array, Array, Array | None]:
    """The rows that count, and how much each does."""
    if sample_weight is None:
        return x, y, None
    weight = _check_sample_weight(sample_weight, x, dtype=np.float64)
    if (weight < 0).any():
        raise ValueError("sample_weight should be at least 0, but it holds negative values")
    kept = weight > 0
    if not kept.any():
        raise ValueError("sample_weight is 0 for every row")
    return (x, y, weight) if kept.all() else (x[kept], y[kept], weight[kept])


class TacetClassifier(ClassifierMixin, _Estimator):
    """A classifier: layers of your choice, an output for each class, and cross entropy.

    Parameters
    ----------
    layers : str
        The layers from the features to the one before the outputs, ``"linear 100 | relu"``. The output layer is added.
        An empty text makes it a logistic regression.
    penalty : str
        The penalty whose strength `lambda_` or `density` gives, ``"l1"``, ``"l1 prox"``, without a number of its own.
    on : str
        Which values it is on: a selector of layers, ``"relu*"``, or of parameters, ``"linear1.weight"``.
    lambda_ : float, optional
        The factor on the penalty. By default there is no penalty.
    density : float, optional
        The share of the values that should be nonzero, to which lambda is steered; `lambda_` is then ignored.
    penalties : mapping of str to str or list of str, optional
        Further penalties and constraints, by selector, ``{"linear1.weight": "l2 1e-4"}``.
    parameters : mapping of str to str, optional
        Options of the parameters that match a selector, ``{"linear1.*": "lr=0.01"}``.
    optimizer : str
        How the parameters are updated, ``"sgd lr=0.05 momentum=0.9"``.
    epochs : int
        How often training goes through the rows.
    batch : int
        Rows in a step.
    validation : float
        The share of the rows that is held out and measured after every epoch.
    patience : int
        Epochs without improvement of the held-out rows after which training stops; the best weights are then kept.
        0: never.
    random_state : int, RandomState or None
        Of the first weights, the order of the rows, dropout and the rows that are held out. The same number gives the
        same network, on any number of threads.
    threads : int, optional
        By default the cores that this process may use.
    progress : bool
        Whether to show a line of progress.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The classes, sorted.
    network_ : Network
        The fitted network. Its outputs are logits in the order of the classes.
    run_ : Run
        What happened in each epoch, ``run_.ledger``.
    n_iter_ : int
        The epochs that were trained.
    n_features_in_ : int
        The number of features.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Their names, if X had names of columns that are all texts.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.model_selection import GridSearchCV
    >>> from tacetnn.sklearn import TacetClassifier
    >>> x, y = load_iris(return_X_y=True)
    >>> model = TacetClassifier("linear 32 | relu", lambda_=1e-3, random_state=0).fit(x, y)
    >>> model.predict_proba(x).shape
    (150, 3)
    >>> search = GridSearchCV(TacetClassifier(epochs=20, random_state=0), {"lambda_": [1e-4, 1e-3]}, cv=3).fit(x, y)
    >>> sorted(search.best_params_)
    ['lambda_']
    """

    classes_: Array

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> TacetClassifier:
        """Trains a new network.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Finite numbers.
        y : array-like of shape (n_samples,)
            Their classes: numbers, texts, booleans.
        sample_weight : array-like of shape (n_samples,), optional
            How much each row counts, at least 0. Rows of weight 0 are left out.

        Returns
        -------
        self : TacetClassifier
        """
        X, y = validate_data(self, X, y, dtype=FLOATS)
        check_classification_targets(y)
        X, y, sample_weight = counted(X, y, sample_weight)
        self.classes_, labels = np.unique(y, return_inverse=True)
        self._fit(joined(self.layers, f"linear {len(self.classes_)}"), "cross_entropy", X, labels.astype(np.int64),
                  sample_weight)
        return self

    def predict_proba(self, X: Any) -> Array:
        """The probability of each class, [n_samples, n_classes], in the order of `classes_`."""
        return np.asarray(softmax(self._outputs(X).astype(np.float64), copy=False))

    def predict_log_proba(self, X: Any) -> Array:
        """The logarithm of `predict_proba`."""
        return np.log(self.predict_proba(X))

    def decision_function(self, X: Any) -> Array:
        """The logits, [n_samples, n_classes]; of two classes how far the second is above the first, [n_samples]."""
        logits = self._outputs(X).astype(np.float64)
        return logits[:, 1] - logits[:, 0] if logits.shape[1] == 2 else logits

    def predict(self, X: Any) -> Array:
        """The most probable class of each row, [n_samples]."""
        best = self._outputs(X).argmax(axis=1)
        return np.asarray(self.classes_[best])


class TacetRegressor(MultiOutputMixin, RegressorMixin, _Estimator):
    """A regressor: layers of your choice and an output for each target.

    The network is trained on targets that are standardised, so that y may be of any scale, and `predict` turns its
    outputs back. So lambdas mean the same for every scale of y.

    Parameters
    ----------
    layers : str
        The layers from the features to the one before the outputs, ``"linear 100 | relu"``. The output layer is added.
        An empty text makes it a linear regression.
    loss : str
        How the standardised targets are compared with the outputs: ``"mse"``, ``"huber delta=1"``, ``"l1_loss"``.
    penalty, on, lambda_, density, penalties, parameters, optimizer, epochs, batch, validation, patience, \
    random_state, threads, progress
        As in `TacetClassifier`.

    Attributes
    ----------
    y_mean_, y_scale_ : ndarray of shape (n_targets,)
        The targets are the outputs of `network_`, times the scale, plus the mean.
    network_, run_, n_iter_, n_features_in_, feature_names_in_
        As in `TacetClassifier`.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from tacetnn.sklearn import TacetRegressor
    >>> x, y = load_diabetes(return_X_y=True)
    >>> lasso = TacetRegressor("", penalty="l1 prox", on="linear1.weight", lambda_=0.05, random_state=0)
    >>> model = make_pipeline(StandardScaler(), lasso).fit(x, y)
    >>> bool((model[-1].network_["linear1.weight"] == 0).any())
    True
    """

    def __init__(self, layers: str = "linear 100 | relu", *, loss: str = "mse", penalty: str = "l1", on: str = "relu*",
                 lambda_: float | None = None, density: float | None = None, penalties: Penalties | None = None,
                 parameters: Mapping[str, str] | None = None, optimizer: str = "adam", epochs: int = 100,
                 batch: int = 32, validation: float = 0.0, patience: int = 0, random_state: Any = None,
                 threads: int | None = None, progress: bool = False) -> None:
        super().__init__(layers, penalty=penalty, on=on, lambda_=lambda_, density=density, penalties=penalties,
                         parameters=parameters, optimizer=optimizer, epochs=epochs, batch=batch, validation=validation,
                         patience=patience, random_state=random_state, threads=threads, progress=progress)
        self.loss = loss

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> TacetRegressor:
        """Trains a new network.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Finite numbers.
        y : array-like of shape (n_samples,) or (n_samples, n_targets)
            Finite numbers.
        sample_weight : array-like of shape (n_samples,), optional
            How much each row counts, at least 0. Rows of weight 0 are left out.

        Returns
        -------
        self : TacetRegressor
        """
        X, y = validate_data(self, X, y, dtype=FLOATS, multi_output=True, y_numeric=True)
        X, y, sample_weight = counted(X, np.asarray(y, np.float64), sample_weight)
        self._shape = y.shape[1:]
        y = y.reshape(len(y), -1)
        self.y_mean_ = np.average(y, axis=0, weights=sample_weight)
        scale = np.sqrt(np.average((y - self.y_mean_) ** 2, axis=0, weights=sample_weight))
        self.y_scale_ = np.where(scale > 0, scale, 1.0)
        self._fit(joined(self.layers, f"linear {y.shape[1]}"), self.loss, X, (y - self.y_mean_) / self.y_scale_,
                  sample_weight)
        return self

    def predict(self, X: Any) -> Array:
        """The targets of each row, with the shape and the units of those that it was fitted to."""
        y = self._outputs(X) * self.y_scale_ + self.y_mean_
        return np.asarray(y.reshape(len(y), *self._shape))


class SparseAutoencoder(ClassNamePrefixFeaturesOutMixin, TransformerMixin, _Estimator):
    """A transformer into sparse codes, from which the features can be reconstructed.

    Parameters
    ----------
    layers : str
        The layers from the features to the codes, ``"linear 100 | relu"``.
    decoder : str
        The layers from the codes to the reconstruction, whose last one gets an output for each feature:
        ``"linear 50 | relu | linear"``, or ``"linear weight=linear1.weight transposed"`` for a weight that both share.
    loss : str
        How the reconstruction is compared with the features, ``"mse"``.
    lambda_ : float or None
        The factor on the penalty of the codes, 0.001 by default.
    penalty, on, density, penalties, parameters, optimizer, epochs, batch, validation, patience, random_state, \
    threads, progress
        As in `TacetClassifier`.

    Attributes
    ----------
    network_ : Network
        The fitted network, from the features to the reconstruction.
    run_, n_iter_, n_features_in_, feature_names_in_
        As in `TacetClassifier`.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from tacetnn.sklearn import SparseAutoencoder
    >>> x, _ = load_digits(return_X_y=True)
    >>> model = SparseAutoencoder("linear 100 | relu", density=0.1, epochs=30, random_state=0).fit(x / 16)
    >>> codes = model.transform(x / 16)
    >>> codes.shape, bool(0.05 < (codes > 0).mean() < 0.15)
    ((1797, 100), True)
    >>> model.inverse_transform(codes).shape
    (1797, 64)
    """

    def __init__(self, layers: str = "linear 100 | relu", *, decoder: str = "linear", loss: str = "mse",
                 penalty: str = "l1", on: str = "relu*", lambda_: float | None = 1e-3, density: float | None = None,
                 penalties: Penalties | None = None, parameters: Mapping[str, str] | None = None,
                 optimizer: str = "adam", epochs: int = 100, batch: int = 32, validation: float = 0.0,
                 patience: int = 0, random_state: Any = None, threads: int | None = None,
                 progress: bool = False) -> None:
        super().__init__(layers, penalty=penalty, on=on, lambda_=lambda_, density=density, penalties=penalties,
                         parameters=parameters, optimizer=optimizer, epochs=epochs, batch=batch, validation=validation,
                         patience=patience, random_state=random_state, threads=threads, progress=progress)
        self.decoder = decoder
        self.loss = loss

    def fit(self, X: Any, y: Any = None) -> SparseAutoencoder:
        """Trains a new network; y is ignored."""
        X = validate_data(self, X, dtype=FLOATS)
        encoder = Network(self.layers, input=X.shape[1])
        codes = value_of(encoder.plan, encoder.output)
        if len(codes.shape) != 1:
            raise ValueError(f"the codes of a row should be of one dimension, not {codes.shape}: append \"| flatten\"")
        self._codes, self._n_features_out = codes.name, codes.shape[0]
        self._fit(joined(self.layers, self._decoder()), self.loss, X, None)
        return self

    def _decoder(self) -> str:
        return f"{self.decoder} out={self.n_features_in_}"

    def transform(self, X: Any) -> Array:
        """The codes of each row, [n_samples, codes], as float32."""
        return self._outputs(X, self._codes)

    def inverse_transform(self, X: Any) -> Array:
        """The features of each row that codes stand for, [n_samples, n_features_in_], as float32."""
        check_is_fitted(self)
        codes = check_array(X, dtype=np.float32, order="C")
        if codes.shape[1] != self._n_features_out:
            raise ValueError(f"X has {codes.shape[1]} features, but the codes have {self._n_features_out}")
        graph = _core.Graph()
        graph.chain(graph.input("x", self.n_features_in_), self.layers)  # whose weights the decoder may share
        output = graph.chain(graph.input("inverse.codes", self._n_features_out), self._decoder())
        plan = graph.compile(batch=len(codes), threads=self.network_.threads)
        for name, value in self.network_.state_dict().items():
            plan.write(name, value)
        plan.forward(**{"x": np.zeros((len(codes), self.n_features_in_), np.float32), "inverse.codes": codes})
        return plan.read(value_of(plan, output).name)

    def score(self, X: Any, y: Any = None) -> float:
        """The share of the variance of X that the reconstruction explains, at most 1; y is ignored."""
        return float(r2_score(X, self._outputs(X), multioutput="variance_weighted"))

    def _more_tags(self) -> dict[str, Any]:
        return {"preserves_dtype": [np.float32]}

    def __sklearn_tags__(self) -> Any:  # since scikit-learn 1.6
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = ["float32"]
        return tags


def joined(*chains: str) -> str:
    """Chains of layers as one; empty ones are left out."""
    for chain in chains:
        if not isinstance(chain, str):
            raise TypeError(f"layers should be a text, not {chain!r}")
    return " | ".join(c for c in chains if c.strip())
