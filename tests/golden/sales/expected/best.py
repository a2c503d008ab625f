"""Step `best` of sales.ipynb.

Reads: lines (pandas.DataFrame).
Writes: best.
"""

import pandas as pd

pd.options.display.float_format = "{:,.2f}".format

top = 10

# cell 24
best = (
    lines.groupby(["customer_id", "name", "country"])["revenue"]
    .agg(["sum", "count"])
    .rename(columns={"sum": "revenue", "count": "orders"})
    .sort_values(["revenue", "orders"], ascending=False)
    .head(top)
    .reset_index()
)
best
