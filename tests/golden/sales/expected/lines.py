"""Step `lines` of sales.ipynb.

Reads: lines (pandas.DataFrame).
Writes: nothing.
"""

import pandas as pd

pd.options.display.float_format = "{:,.2f}".format

# cell 18
assert lines["revenue"].gt(0).all(), "every line earns something"
assert lines["order_id"].is_unique, "an order is one line"
assert not lines[["country", "category", "price"]].isna().any().any(), "nothing is missing"
