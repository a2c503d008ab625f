"""Step `report` of checks-and-metrics.ipynb.

Reads: accuracy.
Writes: nothing.
"""


# cell 4
print(f"{accuracy:.2f}")
