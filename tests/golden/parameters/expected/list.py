"""Step `list` of parameters.ipynb.

Reads: nothing.
Writes: columns (list).
"""

strict = True
limit = None
span = (1, 12)
columns = ["item", "price"]
names = {"n": "north", "s": "south"}

# cell 4
columns.append("rate")
print(columns, names, span, strict, limit)
