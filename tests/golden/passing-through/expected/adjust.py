"""Step `adjust` of passing-through.ipynb.

Reads: rate (float), volume (int).
Writes: rate (float).
"""


# cell 2
if volume > 100:
    rate = 0.9
