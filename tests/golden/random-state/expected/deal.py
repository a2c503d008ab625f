"""Step `deal` of random-state.ipynb.

Reads: cards (list), state:random.
Writes: first.
"""

import random

# cell 4
first = random.choice(cards)
