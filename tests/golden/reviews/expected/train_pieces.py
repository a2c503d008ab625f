"""Step `train_pieces` of reviews.ipynb.

Reads: test, train.
Writes: pieces_predicted.
"""

import pandas as pd
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.pipeline import make_pipeline
from sklearn.svm import LinearSVC

pd.set_option("display.max_colwidth", 120)

max_words: int = 4000
random_state: int = 11

# cell 17
by_pieces = make_pipeline(
    TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 4), max_features=3 * max_words),
    LinearSVC(C=0.5, random_state=random_state),
)
by_pieces.fit(train["text"], train["happy"])
pieces_predicted = by_pieces.predict(test["text"])
print(f"{len(by_pieces[0].vocabulary_)} pieces")
