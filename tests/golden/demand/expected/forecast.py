"""Step `forecast` of demand.ipynb.

Reads: best, monthly.
Writes: file:report/forecast.csv.
"""

import os
import warnings
import numpy as np
import pandas as pd
from statsmodels.tools.sm_exceptions import ConvergenceWarning
from statsmodels.tsa.holtwinters import ExponentialSmoothing
from statsmodels.tsa.statespace.sarimax import SARIMAX

warnings.simplefilter("ignore", ConvergenceWarning)

horizon = 12
season = 12


def seasonal_naive(history, months):
    """The same month of the year before."""
    last = history.iloc[-season:].to_numpy()
    index = pd.date_range(history.index[-1], periods=months + 1, freq="MS")[1:]
    return pd.Series(np.resize(last, months), index=index, name="naive")


def smoothing(history, months):
    """Holt-Winters with a damped trend and a season in proportion."""
    model = ExponentialSmoothing(
        history, trend="add", damped_trend=True, seasonal="mul", seasonal_periods=season
    )
    return model.fit().forecast(months).rename("smoothing")


def sarimax(history, months):
    """Seasonal ARIMA on the logarithm."""
    model = SARIMAX(np.log(history), order=(1, 0, 1), seasonal_order=(0, 1, 1, season), trend="c")
    fitted = model.fit(disp=False, maxiter=80)
    return np.exp(fitted.forecast(months)).rename("sarimax")

# cell 24
methods = {"naive": seasonal_naive, "smoothing": smoothing, "sarimax": sarimax}
next_year = methods[best](monthly, horizon).round(0).astype(int)
print(f"{next_year.sum()} cases in {horizon} months, by {best}")
next_year

# cell 25
os.makedirs("report", exist_ok=True)
next_year.rename_axis("month").rename("cases").to_csv("report/forecast.csv")
