"""Step `talk` of magics.ipynb.

Reads: rows (list), state:environ.
Writes: quiet.
"""

import os

# cell 4
quiet = __cellwright_shell__.capture()
print(os.environ["REGION"], rows)
