"""The estimators of scikit-learn."""

import contextlib
import copy
import inspect
import pickle
import unittest
import warnings
from typing import Any
from unittest import mock

try:
    import numpy as np
    from sklearn.base import clone
    from sklearn.datasets import load_diabetes, load_digits, load_iris
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import GridSearchCV, cross_val_score
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from sklearn.utils.estimator_checks import check_estimator
except ImportError as missing:
    raise unittest.SkipTest(str(missing))

import tacetnn as tn

IRIS = load_iris(return_X_y=True)
DIABETES = load_diabetes(return_X_y=True)


DIGITS = load_digits(return_X_y=True)
# That repeated rows give the same as weights is asked of predictions to 1e-7, which steps in float32 do not reach.
ROUNDED: Any = {}
if "expected_failed_checks" in inspect.signature(check_estimator).parameters:
    ROUNDED["expected_failed_checks"] = {"check_sample_weight_equivalence_on_dense_data": "float32"}


def marked(kind: Any) -> Any:
    """Says the same to versions of scikit-learn that ask the estimator itself."""
    if ROUNDED or kind is tn.SparseAutoencoder:
        return contextlib.nullcontext()
    tags = {"_xfail_checks": {"check_sample_weights_invariance": "float32"}}
    return mock.patch.object(kind, "_more_tags", lambda self: tags, create=True)


ESTIMATORS = tn.TacetClassifier, tn.TacetRegressor, tn.SparseAutoencoder


def setUpModule():
    warnings.simplefilter("ignore", tn.TrainingWarning)


def density(codes):
    return (codes != 0).mean()


class Checks(unittest.TestCase):
    def test_all_checks_of_scikit_learn(self):
        for kind in ESTIMATORS:
            with self.subTest(kind.__name__), warnings.catch_warnings():
                warnings.simplefilter("ignore")
                with marked(kind):
                    check_estimator(kind(), **ROUNDED)

    def test_weights_are_repetitions(self):
        (x, y), (z, t) = IRIS, DIABETES
        few, many = {"epochs": 3, "batch": 2000, "random_state": 0}, np.random.default_rng(0).integers(0, 3, 442)
        for kind, a, b, ask in ((tn.TacetClassifier, x, y, "predict_proba"), (tn.TacetRegressor, z, t, "predict")):
            w = many[: len(a)]
            weighed = getattr(kind(**few).fit(a, b, sample_weight=w), ask)(a)
            repeated = getattr(kind(**few).fit(a.repeat(w, 0), b.repeat(w)), ask)(a)
            self.assertTrue(np.allclose(weighed, repeated, rtol=1e-4, atol=1e-6))
            left_out = getattr(kind(**few).fit(a, b, sample_weight=(w > 0) * 2.0), ask)(a)
            kept = getattr(kind(**few).fit(a[w > 0], b[w > 0], sample_weight=np.full((w > 0).sum(), 2.0)), ask)(a)
            self.assertTrue(np.array_equal(left_out, kept))
            with self.assertRaisesRegex(ValueError, "non-zero|every row"):
                kind().fit(a, b, sample_weight=np.zeros(len(a)))

    def test_copies_answer_as_the_original_does(self):
        x, y = IRIS
        for kind in ESTIMATORS:
            model = kind(epochs=2, random_state=0).fit(x, y)
            ask = model.transform if kind is tn.SparseAutoencoder else model.predict
            for copied in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
                again = copied.transform if kind is tn.SparseAutoencoder else copied.predict
                self.assertTrue(np.array_equal(ask(x), again(x)))
                self.assertEqual(len(copied.run_.ledger), 2)
            self.assertFalse(hasattr(clone(model), "network_"))

    def test_the_network_is_that_of_the_same_description(self):
        x, y = IRIS
        model = tn.TacetClassifier("linear 9 | relu", lambda_=1e-3, epochs=4, random_state=5).fit(x, y)
        net = tn.Network("linear 9 | relu | linear 3", input=4, loss="cross_entropy", optimizer="adam", seed=5,
                         penalties={"relu*": "l1 lambda=0.001"})
        net.fit(x, y, epochs=4, batch=32, progress=False)
        self.assertTrue(np.array_equal(model.network_["linear1.weight"], net["linear1.weight"]))

    def test_mistakes_are_named(self):
        x, y = IRIS
        for settings, message in (({"layers": "linear 10 | rellu"}, "did you mean relu"),
                                  ({"layers": None}, "a text, not None"),
                                  ({"on": "relu7", "lambda_": 1}, "matches no value"), ({"lambda_": -1}, "negative"),
                                  ({"penalty": "l1 0.01"}, "give it as lambda_"),
                                  ({"penalty": "l1 density=0.1"}, "give it as lambda_ or density"),
                                  ({"batch": 0}, "batch should be at least 1"), ({"patience": 2}, "validation")):
            with self.subTest(message), self.assertRaisesRegex((ValueError, TypeError), message):
                tn.TacetClassifier(**settings).fit(x, y)


class Classifier(unittest.TestCase):
    def test_classes_of_any_type(self):
        x, y = IRIS
        names = np.array(["setosa", "versicolor", "virginica"])[y]
        model = tn.TacetClassifier(random_state=0).fit(x, names)
        self.assertEqual(list(model.classes_), ["setosa", "versicolor", "virginica"])
        self.assertGreater(model.score(x, names), 0.95)
        self.assertTrue(np.allclose(model.predict_proba(x).sum(axis=1), 1))

    def test_a_search_over_lambda_density_and_penalties(self):
        x, y = IRIS
        for grid in ({"lambda_": [None, 1e-3]}, {"density": [0.2, 0.4]}, {"penalties": [None, {"relu1": "l1 1e-3"}]}):
            search = GridSearchCV(tn.TacetClassifier(epochs=3, random_state=0), grid, cv=2, error_score="raise")
            search.fit(x, y)
            self.assertEqual(list(search.best_params_), list(grid))

    def test_one_class_and_two(self):
        x, y = IRIS
        one = tn.TacetClassifier(epochs=1).fit(x, np.full(150, "only"))
        self.assertEqual(set(one.predict(x)), {"only"})
        two = tn.TacetClassifier(random_state=0).fit(x, y == 2)
        self.assertEqual(two.decision_function(x).shape, (150,))
        self.assertTrue(np.array_equal(two.predict(x), two.decision_function(x) > 0))

    def test_patience_keeps_the_best_weights(self):
        x, y = IRIS
        model = tn.TacetClassifier(optimizer="adam lr=0.03", epochs=500, validation=0.2, patience=3, random_state=0)
        model.fit(x, y)
        self.assertEqual(model.run_.stopped, "patience")
        self.assertEqual(model.n_iter_, len(model.run_.ledger))
        self.assertLess(model.run_.best_epoch, model.n_iter_)
        for name, value in model.run_.best.items():
            self.assertTrue(np.array_equal(model.network_[name], value))

    def test_in_a_pipeline(self):
        x, y = IRIS
        pipe = make_pipeline(StandardScaler(), tn.TacetClassifier(random_state=0))
        self.assertGreater(cross_val_score(pipe, x, y, cv=3, n_jobs=2).mean(), 0.9)
        clone(pipe).fit(x, y)


class Regressor(unittest.TestCase):
    def test_targets_of_any_scale(self):
        x, y = DIABETES
        plain = tn.TacetRegressor(random_state=0).fit(x, y).predict(x)
        large = tn.TacetRegressor(random_state=0).fit(x, 1e9 * y + 1e12).predict(x)
        self.assertTrue(np.allclose(large, 1e9 * plain + 1e12, rtol=1e-6))
        self.assertGreater(tn.TacetRegressor(random_state=0).fit(x, y).score(x, y), 0.4)

    def test_several_targets(self):
        x, y = DIABETES
        both = np.column_stack([y, 1000 - 3 * y, np.full(len(y), 7.0)])
        found = tn.TacetRegressor(random_state=0).fit(x, both).predict(x)
        self.assertEqual(found.shape, both.shape)
        self.assertTrue(np.allclose(found[:, 2], 7, atol=0.5))


    def test_a_small_change_of_large_numbers(self):
        x, y = DIABETES
        model = tn.TacetRegressor(random_state=0).fit(x, 1.7e9 + y / 100)
        self.assertGreater(model.score(x, 1.7e9 + y / 100), 0.4)


class Autoencoder(unittest.TestCase):
    def test_codes_and_back(self):
        x = DIGITS[0] / 16
        for settings in ({}, {"layers": "linear 50 | relu | linear 20 name=codes | relu",
                              "decoder": "linear 50 | batch_norm | relu | linear"},
                         {"layers": "scale_shift weight=false negate name=pre | linear 128 | relu | topk 10",
                          "lambda_": None, "decoder": "linear weight=linear1.weight transposed bias=pre.bias"}):
            with self.subTest(**settings):
                model = tn.SparseAutoencoder(epochs=10, random_state=0, **settings).fit(x)
                back = model.inverse_transform(model.transform(x))
                self.assertTrue(np.allclose(back, model.network_.predict(x), atol=1e-5))
                self.assertGreater(model.score(x), 0.5)
                self.assertEqual(len(model.get_feature_names_out()), model.transform(x).shape[1])

    def test_lambda_and_density(self):
        x = DIGITS[0] / 16
        codes = {k: tn.SparseAutoencoder(epochs=30, random_state=0, **{k: v}).fit_transform(x)
                 for k, v in (("lambda_", None), ("density", 0.1))}
        self.assertGreater(density(codes["lambda_"]), 0.3)
        self.assertAlmostEqual(density(codes["density"]), 0.1, delta=0.03)
        search = GridSearchCV(tn.SparseAutoencoder(epochs=3, random_state=0), {"density": [0.05, 0.2]}, cv=2).fit(x)
        self.assertIn(search.best_params_["density"], (0.05, 0.2))

    def test_before_a_classifier(self):
        pipe = make_pipeline(tn.SparseAutoencoder(epochs=5, random_state=0), LogisticRegression(max_iter=500))
        self.assertGreater(cross_val_score(pipe, DIGITS[0] / 16, DIGITS[1], cv=2).mean(), 0.85)

    def test_codes_of_another_shape(self):
        x = DIGITS[0]
        with self.assertRaisesRegex(ValueError, "flatten"):
            tn.SparseAutoencoder("reshape 8x8x1 | conv2d 4 3 | relu").fit(x)
        with self.assertRaisesRegex(ValueError, "X has 3 features, but the codes have 100"):
            tn.SparseAutoencoder(epochs=1).fit(x).inverse_transform(np.zeros((2, 3)))


if __name__ == "__main__":
    unittest.main()
