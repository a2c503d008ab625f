"""Step `load` of cells-apart.ipynb.

Reads: nothing.
Writes: ordered (list), rows (list).
"""


# cell 1
rows = [3, 1, 2]

# cell 4
ordered = sorted(rows)
