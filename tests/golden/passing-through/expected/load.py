"""Step `load` of passing-through.ipynb.

Reads: nothing.
Writes: rate (float), volume (int).
"""


# cell 1
rate = 1.0
volume = 10
