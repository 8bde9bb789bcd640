"""The estimators of scikit-learn."""

import unittest

try:
    import numpy as np
    from sklearn.base import clone
    from sklearn.datasets import load_diabetes, load_iris
    from sklearn.model_selection import GridSearchCV, cross_val_score
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
except ImportError as missing:
    if __name__ == "__main__":
        raise SystemExit(f"skipped: {missing}")
    raise unittest.SkipTest(str(missing))

import tacetnn as tn

IRIS = load_iris(return_X_y=True)
DIABETES = load_diabetes(return_X_y=True)


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

    def test_in_a_pipeline(self):
        x, y = IRIS
        pipe = make_pipeline(StandardScaler(), tn.TacetClassifier(random_state=0))
        self.assertGreater(cross_val_score(pipe, x, y, cv=3).mean(), 0.9)
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


if __name__ == "__main__":
    unittest.main()
