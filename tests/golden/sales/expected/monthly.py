"""Step `monthly` of sales.ipynb.

Reads: lines (pandas.DataFrame).
Writes: monthly (pandas.DataFrame).
"""

import pandas as pd

pd.options.display.float_format = "{:,.2f}".format

# cell 20
monthly = lines.pivot_table(
    index="month", columns="country", values="revenue", aggfunc="sum", fill_value=0.0
)
monthly["all"] = monthly.sum(axis=1)
monthly
