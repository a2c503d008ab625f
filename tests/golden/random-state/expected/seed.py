"""Step `seed` of random-state.ipynb.

Reads: nothing.
Writes: state:random.
"""

import random

# cell 2
random.seed(20)
