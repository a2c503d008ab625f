"""Step `load` of demand.ipynb.

Reads: nothing.
Writes: orders (pandas.DataFrame).
"""

import numpy as np
import pandas as pd

# cell 6
orders = pd.read_csv("data/orders.csv", parse_dates=["week_ending"])
orders.loc[orders["cases"] < 0, "cases"] = np.nan
missing = int(orders["cases"].isna().sum())
print(f"{len(orders)} rows, {orders['product'].nunique()} products, {missing} weeks missing")
