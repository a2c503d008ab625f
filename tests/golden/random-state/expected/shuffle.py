"""Step `shuffle` of random-state.ipynb.

Reads: state:random.
Writes: cards (list), state:random.
"""

import random

# cell 3
cards = list(range(5))
random.shuffle(cards)
