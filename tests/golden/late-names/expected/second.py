"""Step `second` of late-names.ipynb.

Reads: nothing.
Writes: rate (float).
"""

def rounded(value):
    return round(value, 2)


def gross(net):
    return rounded(net * (1 + rate))

# cell 3
rate = 0.07
print(gross(100))
