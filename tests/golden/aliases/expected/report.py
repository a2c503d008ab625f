"""Step `report` of aliases.ipynb.

Reads: orders (list).
Writes: nothing.
"""


# cell 3
print(orders)
