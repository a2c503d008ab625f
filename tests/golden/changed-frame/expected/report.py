"""Step `report` of changed-frame.ipynb.

Reads: orders (pandas.DataFrame).
Writes: nothing.
"""


# cell 4
print(orders["item"].tolist())
