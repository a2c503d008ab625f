"""Step `split` of churn.ipynb.

Reads: features, target.
Writes: X_test, X_train, y_test, y_train.
"""

import pandas as pd
from sklearn.model_selection import train_test_split

pd.set_option("display.max_columns", 40)

test_size = 0.25
seed = 7

# cell 18
X_train, X_test, y_train, y_test = train_test_split(
    features, target, test_size=test_size, random_state=seed, stratify=target
)
print(f"{len(X_train)} to learn from, {len(X_test)} to test on")
