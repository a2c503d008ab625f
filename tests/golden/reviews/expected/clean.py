"""Step `clean` of reviews.ipynb.

Reads: reviews (pandas.DataFrame).
Writes: known (pandas.DataFrame).
"""

import pandas as pd
from cleaning import clean, words

pd.set_option("display.max_colwidth", 120)

# cell 9
known = reviews[reviews["stars"] != 3].copy()
known["text"] = known["text"].map(clean)
known["happy"] = (known["stars"] > 3).astype(int)
known = known[known["text"] != ""].reset_index(drop=True)
print(f"{len(known)} reviews, {known['happy'].mean():.0%} happy")
