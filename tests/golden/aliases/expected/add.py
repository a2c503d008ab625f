"""Step `add` of aliases.ipynb.

Reads: basket (list), orders (list).
Writes: orders (list).
"""


# cell 2
basket.append("bread")
