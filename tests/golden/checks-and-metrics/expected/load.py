"""Step `load` of checks-and-metrics.ipynb.

Reads: nothing.
Writes: rows (list).
"""


# cell 1
rows = [(1, 1), (0, 1), (1, 1)]
