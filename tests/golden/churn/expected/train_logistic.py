"""Step `train_logistic` of churn.ipynb.

Reads: X_test, X_train, y_train.
Writes: logistic_probability.
"""

import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

pd.set_option("display.max_columns", 40)

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

# cell 20
logistic = make_model(LogisticRegression(max_iter=1000, C=0.5))
logistic.fit(X_train, y_train)
logistic_probability = logistic.predict_proba(X_test)[:, 1]
print(f"learnt {logistic['classifier'].coef_.shape[1]} weights")
