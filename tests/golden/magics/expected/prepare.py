"""Step `prepare` of magics.ipynb.

Reads: nothing.
Writes: rows (list), state:environ.
"""


# cell 2
__cellwright_shell__.setenv('REGION', 'north')
rows = sorted([3, 1, 2])
