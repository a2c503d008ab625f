"""Step `evaluate` of checks-and-metrics.ipynb.

Reads: rows (list).
Writes: accuracy.
"""


# cell 3
accuracy = sum(1 for said, true in rows if said == true) / len(rows)
