"""Step `rows` of checks-and-metrics.ipynb.

Reads: rows (list).
Writes: nothing.
"""


# cell 2
assert rows, "no rows"
assert all(len(row) == 2 for row in rows)
