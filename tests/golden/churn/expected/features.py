"""Step `features` of churn.ipynb.

Reads: customers (pandas.DataFrame).
Writes: customers (pandas.DataFrame), features, target.
"""

import matplotlib.pyplot as plt
import pandas as pd
from churn_features import add_features

pd.set_option("display.max_columns", 40)
plt.rcParams["figure.figsize"] = (8, 4)

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

# cell 16
data = add_features(customers)
features = data[CATEGORIES + NUMBERS]
target = data["churned"]
print(f"{features.shape[1]} features, {target.mean():.1%} left")
features.sample(5, random_state=seed)
