"""Step `first` of late-names.ipynb.

Reads: nothing.
Writes: nothing.
"""

def rounded(value):
    return round(value, 2)


def gross(net):
    return rounded(net * (1 + rate))

# cell 2
rate = 0.25
print(gross(100))
