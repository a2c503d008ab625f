"""Step `report` of random-state.ipynb.

Reads: cards (list), first.
Writes: nothing.
"""


# cell 5
print(sorted(cards), first in cards)
