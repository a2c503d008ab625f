"""Step `join` of sales.ipynb.

Reads: customers (pandas.DataFrame), orders (pandas.DataFrame), products
    (pandas.DataFrame).
Writes: lines (pandas.DataFrame).
"""

import pandas as pd

pd.options.display.float_format = "{:,.2f}".format

year = 2024

# cell 17
lines = orders[orders["date"].dt.year == year].join(products, on="sku").join(customers, on="customer_id")
unknown = lines["country"].isna()
lines = lines[~unknown].copy()
lines["revenue"] = lines["quantity"] * lines["price"] * (1 - lines["discount"])
lines["month"] = lines["date"].dt.to_period("M").astype(str)
print(f"{len(lines)} order lines in {year}, {unknown.sum()} of unknown customers left out")
lines.head()
