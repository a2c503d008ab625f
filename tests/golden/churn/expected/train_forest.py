"""Step `train_forest` of churn.ipynb.

Reads: X_test, X_train, y_train.
Writes: forest_probability.
"""

import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import RandomForestClassifier
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

pd.set_option("display.max_columns", 40)

n_estimators = 100
seed = 7

CATEGORIES = ["region", "contract", "internet", "payment", "tenure_band"]
NUMBERS = [
    "senior",
    "tenure",
    "services",
    "support_calls",
    "monthly_charges",
    "total_charges",
    "charge_drift",
    "charge_per_service",
    "calls_per_year",
    "automatic_payment",
]


def make_model(classifier):
    """Put the usual preparation in front of a classifier."""
    prepare = ColumnTransformer(
        [
            ("categories", OneHotEncoder(handle_unknown="ignore"), CATEGORIES),
            ("numbers", StandardScaler(), NUMBERS),
        ]
    )
    return Pipeline([("prepare", prepare), ("classifier", classifier)])

# cell 21
forest = make_model(
    RandomForestClassifier(n_estimators=n_estimators, min_samples_leaf=5, random_state=seed)
)
forest.fit(X_train, y_train)
forest_probability = forest.predict_proba(X_test)[:, 1]
print(f"grew {len(forest['classifier'].estimators_)} trees")
