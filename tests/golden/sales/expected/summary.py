"""Step `summary` of sales.ipynb.

Reads: lines (pandas.DataFrame), monthly (pandas.DataFrame), rows_lost, rows_read (int).
Writes: order_lines (int), revenue (float), share_lost.
"""

import pandas as pd

pd.options.display.float_format = "{:,.2f}".format

# cell 27
revenue = float(monthly["all"].sum())
order_lines = len(lines)
share_lost = rows_lost / rows_read
