"""Step `report` of parameters.ipynb.

Reads: columns (list), title (str).
Writes: nothing.
"""

rate = 0.25

# cell 5
print(title, columns, rate)
