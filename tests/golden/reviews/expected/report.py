"""Step `report` of reviews.ipynb.

Reads: best, by_words, pieces_predicted, test, words_predicted, wrong.
Writes: file:report/both_wrong.csv, file:report/by_product.csv, file:report/reasons.csv.
"""

import os
import numpy as np
import pandas as pd
from sklearn.metrics import accuracy_score, classification_report, f1_score

pd.set_option("display.max_colwidth", 120)


def strongest(weights, names, count=10):
    """The words that speak most for and against."""
    order = np.argsort(weights)
    chosen = np.concatenate([order[:count], order[-count:]])
    return pd.Series(weights[chosen], index=names[chosen])

# cell 25
predicted = words_predicted if best == "words" else pieces_predicted
by_product = (
    test.assign(predicted=predicted)
    .groupby("product")
    .agg(reviews=("happy", "size"), happy=("happy", "mean"), predicted=("predicted", "mean"))
    .sort_values("predicted", ascending=False)
    .round(3)
)
by_product["both_wrong"] = wrong["product"].value_counts()
by_product["both_wrong"] = by_product["both_wrong"].fillna(0).astype(int)
by_product

# cell 26
reasons = strongest(by_words[-1].coef_[0], by_words[0].get_feature_names_out(), count=25)
reasons = reasons.rename_axis("words").rename("weight").round(3)
print("unhappy:", ", ".join(reasons.index[:5]))
print("happy:", ", ".join(reasons.index[-5:]))

# cell 27
print(classification_report(test["happy"], predicted, target_names=["unhappy", "happy"]))

# cell 28
os.makedirs("report", exist_ok=True)
by_product.to_csv("report/by_product.csv")
reasons.to_csv("report/reasons.csv")
wrong.to_csv("report/both_wrong.csv", index=False)
