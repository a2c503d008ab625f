"""Step `report` of churn.ipynb.

Reads: X_test, best, customers (pandas.DataFrame), forest_probability,
    logistic_probability, y_test.
Writes: file:report/to_call.csv.
"""

import os
import pandas as pd
from sklearn.metrics import accuracy_score, confusion_matrix, roc_auc_score, roc_curve

pd.set_option("display.max_columns", 40)

calls_per_month = 500

# cell 29
probability = forest_probability if best == "forest" else logistic_probability
ranked = customers.loc[X_test.index, ["customer_id", "region", "contract", "tenure"]].assign(
    probability=probability.round(4), left=y_test
)
ranked = ranked.sort_values(["probability", "customer_id"], ascending=[False, True])
to_call = ranked.head(calls_per_month).reset_index(drop=True)
print(f"{to_call['left'].sum()} of the first {len(to_call)} did leave")

# cell 30
matrix = pd.DataFrame(
    confusion_matrix(y_test, probability >= 0.5),
    index=["stayed", "left"],
    columns=["predicted to stay", "predicted to leave"],
)
matrix

# cell 31
os.makedirs("report", exist_ok=True)
to_call.drop(columns="left").to_csv("report/to_call.csv", index=False)
to_call.head(10)
