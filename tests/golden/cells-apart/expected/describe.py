"""Step `describe` of cells-apart.ipynb.

Reads: rows (list).
Writes: nothing.
"""


# cell 2
print(max(rows))
