"""Step `compare` of demand.ipynb.

Reads: actual, history, monthly, naive_forecast (pandas.Series), sarimax_forecast,
    smoothing_forecast.
Writes: best, monthly.
"""

import warnings
import matplotlib.pyplot as plt
import pandas as pd
from statsmodels.tools.sm_exceptions import ConvergenceWarning
from accuracy import mape, mase, rmse

warnings.simplefilter("ignore", ConvergenceWarning)
plt.rcParams["figure.figsize"] = (9, 3.5)

product = "lemonade"
season = 12

# cell 20
forecasts = pd.concat([naive_forecast, smoothing_forecast, sarimax_forecast], axis=1)
accuracy = pd.DataFrame(
    {
        name: {
            "mape": mape(actual, forecast),
            "rmse": rmse(actual, forecast),
            "mase": mase(actual, forecast, history, season),
        }
        for name, forecast in forecasts.items()
    }
).T
best = accuracy["mape"].idxmin()
print(f"best: {best}")
accuracy.round(2)

# cell 21
ax = history.iloc[-3 * season :].plot(color="black", label="history")
actual.plot(ax=ax, color="black", linestyle=":", label="actual")
forecasts.plot(ax=ax)
ax.set_title(f"{product}: cases a month")
plt.show()

# cell 22
best_mape = float(accuracy.loc[best, "mape"])
naive_mape = float(accuracy.loc["naive", "mape"])
gain = naive_mape - best_mape
