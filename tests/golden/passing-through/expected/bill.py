"""Step `bill` of passing-through.ipynb.

Reads: rate (float), volume (int).
Writes: nothing.
"""


# cell 3
print(rate * volume)
