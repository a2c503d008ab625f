"""Step `report` of magics.ipynb.

Reads: quiet (cellwright.captured), state:environ.
Writes: nothing.
"""


# cell 5
print(quiet.stdout.strip())
