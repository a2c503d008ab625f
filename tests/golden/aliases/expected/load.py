"""Step `load` of aliases.ipynb.

Reads: nothing.
Writes: basket (list), orders (list).
"""


# cell 1
basket = ["tea"]
orders = [basket, ["milk"]]
