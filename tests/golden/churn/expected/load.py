"""Step `load` of churn.ipynb.

Reads: nothing.
Writes: customers (pandas.DataFrame).
"""

import pandas as pd

pd.set_option("display.max_columns", 40)

# cell 7
customers = pd.read_csv("data/customers.csv")
print(f"{len(customers)} rows, {customers['customer_id'].nunique()} customers")

# cell 10
customers = customers.drop_duplicates("customer_id").reset_index(drop=True)
customers["total_charges"] = pd.to_numeric(customers["total_charges"], errors="coerce").fillna(0.0)
customers["region"] = customers["region"].fillna("unknown")
customers["churned"] = customers["churned"] == "Yes"
customers.dtypes
