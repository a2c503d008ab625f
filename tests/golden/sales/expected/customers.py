"""Step `customers` of sales.ipynb.

Reads: nothing.
Writes: customers (pandas.DataFrame).
"""

import matplotlib.pyplot as plt
import pandas as pd
from cleaning import parse_dates, parse_percent, parse_price, tidy_country

pd.options.display.float_format = "{:,.2f}".format
plt.rcParams["figure.figsize"] = (9, 4)


def dropped(before, after, what):
    """Say how many rows a step of the cleaning took away."""
    print(f"{what}: {before - after} of {before} rows dropped")
    return before - after

# cell 6
customers = pd.read_csv("data/customers.csv", keep_default_na=False, parse_dates=["since"])
before = len(customers)
customers = customers.drop_duplicates("customer_id")
dropped(before, len(customers), "customers")

# cell 8
customers["name"] = customers["name"].str.strip().str.title()
customers["country"] = customers["country"].map(tidy_country)
customers["segment"] = customers["segment"].str.lower().replace("", "unknown")
customers = customers.set_index("customer_id")
customers.head()
