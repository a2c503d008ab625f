"""Step `categories` of sales.ipynb.

Reads: lines (pandas.DataFrame).
Writes: by_category.
"""

import pandas as pd

pd.options.display.float_format = "{:,.2f}".format

# cell 23
by_category = (
    lines.groupby("category", observed=True)
    .agg(lines=("order_id", "size"), pieces=("quantity", "sum"), revenue=("revenue", "sum"))
    .sort_values("revenue", ascending=False)
)
by_category["share"] = by_category["revenue"] / by_category["revenue"].sum()
by_category
