"""Step `evaluate` of churn.ipynb.

Reads: forest_probability, logistic_probability, y_test.
Writes: best.
"""

import matplotlib.pyplot as plt
import pandas as pd
from sklearn.metrics import accuracy_score, confusion_matrix, roc_auc_score, roc_curve

pd.set_option("display.max_columns", 40)
plt.rcParams["figure.figsize"] = (8, 4)


def scores(name, truth, probability):
    """One row of the comparison."""
    return {
        "model": name,
        "accuracy": accuracy_score(truth, probability >= 0.5),
        "roc_auc": roc_auc_score(truth, probability),
    }

# cell 25
comparison = pd.DataFrame(
    [
        scores("logistic", y_test, logistic_probability),
        scores("forest", y_test, forest_probability),
    ]
).set_index("model")
best = comparison["roc_auc"].idxmax()
print(f"best by area under the curve: {best}")
comparison.round(4)

# cell 26
fig, ax = plt.subplots(figsize=(5, 5))
for name, probability in {"logistic": logistic_probability, "forest": forest_probability}.items():
    false_rate, true_rate, _ = roc_curve(y_test, probability)
    ax.plot(false_rate, true_rate, label=f"{name} ({comparison.loc[name, 'roc_auc']:.3f})")
ax.plot([0, 1], [0, 1], color="gray", linestyle=":")
ax.set_xlabel("false alarms")
ax.set_ylabel("found")
ax.legend()
plt.show()

# cell 27
accuracy = float(comparison.loc[best, "accuracy"])
roc_auc = float(comparison.loc[best, "roc_auc"])
