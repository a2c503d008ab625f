"""Step `split` of reviews.ipynb.

Reads: known (pandas.DataFrame).
Writes: test, train.
"""

import pandas as pd
from sklearn.model_selection import train_test_split

pd.set_option("display.max_colwidth", 120)

test_size: float = 0.3
random_state: int = 11

# cell 13
train, test = train_test_split(
    known, test_size=test_size, random_state=random_state, stratify=known["happy"]
)
print(f"{len(train)} to learn from, {len(test)} to test on")
