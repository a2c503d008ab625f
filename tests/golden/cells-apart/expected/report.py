"""Step `report` of cells-apart.ipynb.

Reads: ordered (list).
Writes: nothing.
"""


# cell 6
print(ordered)
