"""Step `train_words` of reviews.ipynb.

Reads: test, train.
Writes: by_words, words_predicted.
"""

import pandas as pd
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from cleaning import clean, words

pd.set_option("display.max_colwidth", 120)

max_words: int = 4000

# cell 15
by_words = make_pipeline(
    TfidfVectorizer(
        tokenizer=words, token_pattern=None, ngram_range=(1, 2), max_features=max_words
    ),
    LogisticRegression(C=4.0, max_iter=500),
)
by_words.fit(train["text"], train["happy"])
words_predicted = by_words.predict(test["text"])
print(f"{len(by_words[0].vocabulary_)} words and pairs")
