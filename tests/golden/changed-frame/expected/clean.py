"""Step `clean` of changed-frame.ipynb.

Reads: orders (pandas.DataFrame).
Writes: orders (pandas.DataFrame).
"""


# cell 3
# Prices that are missing count as nothing.
orders["price"] = orders["price"].fillna(0)
orders.sort_values("price", inplace=True)
