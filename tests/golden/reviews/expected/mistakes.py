"""Step `mistakes` of reviews.ipynb.

Reads: pieces_predicted, test, words_predicted.
Writes: wrong.
"""

import pandas as pd

pd.set_option("display.max_colwidth", 120)

# cell 23
wrong = test.assign(by_words=words_predicted, by_pieces=pieces_predicted)
wrong = wrong[(wrong["by_words"] != wrong["happy"]) & (wrong["by_pieces"] != wrong["happy"])]
wrong = wrong.sort_values("review_id")[["review_id", "product", "stars", "text"]]
print(f"both are wrong about {len(wrong)} of {len(test)}")
wrong.head(10)
