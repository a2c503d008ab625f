"""Step `load` of changed-frame.ipynb.

Reads: nothing.
Writes: orders (pandas.DataFrame).
"""

import pandas as pd

# cell 2
orders = pd.DataFrame({"item": ["tea", "milk"], "price": [4.0, None]})
