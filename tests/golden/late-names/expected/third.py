"""Step `third` of late-names.ipynb.

Reads: rate (float).
Writes: nothing.
"""

def rounded(value):
    return round(value, 2)


def gross(net):
    return rounded(net * (1 + rate))

# cell 4
print(gross(200))
