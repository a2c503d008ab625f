"""Step `report` of magics.ipynb.

Reads: quiet, state:environ.
Writes: nothing.
"""


# cell 5
print(quiet.stdout.strip())
