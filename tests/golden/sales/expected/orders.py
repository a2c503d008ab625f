"""Step `orders` of sales.ipynb.

Reads: nothing.
Writes: orders (pandas.DataFrame), rows_lost, rows_read (int).
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

# cell 14
orders = pd.read_csv("data/orders.csv", dtype={"discount": str}, keep_default_na=False)
rows_read = len(orders)
orders["date"] = parse_dates(orders["date"])
orders["discount"] = orders["discount"].map(parse_percent)
orders = orders.drop_duplicates()
orders = orders[orders["quantity"] > 0]
rows_lost = dropped(rows_read, len(orders), "orders")
