"""Step `evaluate` of reviews.ipynb.

Reads: pieces_predicted, test, words_predicted.
Writes: best.
"""

import pandas as pd
from sklearn.metrics import accuracy_score, classification_report, f1_score

pd.set_option("display.max_colwidth", 120)


def evaluate(name, truth, predicted):
    """One row of the comparison."""
    return {
        "model": name,
        "accuracy": accuracy_score(truth, predicted),
        "f1": f1_score(truth, predicted),
    }

# cell 20
comparison = pd.DataFrame(
    [
        evaluate("words", test["happy"], words_predicted),
        evaluate("pieces", test["happy"], pieces_predicted),
    ]
).set_index("model")
best = comparison["f1"].idxmax()
print(f"best: {best}")
comparison.round(4)

# cell 21
accuracy = float(comparison.loc[best, "accuracy"])
f1 = float(comparison.loc[best, "f1"])
