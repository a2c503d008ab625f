"""Step `load` of reviews.ipynb.

Reads: nothing.
Writes: reviews (pandas.DataFrame).
"""

import pandas as pd

pd.set_option("display.max_colwidth", 120)

# cell 6
reviews = pd.read_csv("data/reviews.csv")
empty = int(reviews["text"].isna().sum())
reviews = reviews.dropna(subset=["text"])
print(f"{len(reviews)} reviews, {empty} without text left out")
