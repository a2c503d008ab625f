"""Step `naive` of demand.ipynb.

Reads: actual, history, monthly.
Writes: actual, history, monthly, naive_forecast (pandas.Series).
"""

import numpy as np
import pandas as pd

horizon = 12
season = 12


def seasonal_naive(history, months):
    """The same month of the year before."""
    last = history.iloc[-season:].to_numpy()
    index = pd.date_range(history.index[-1], periods=months + 1, freq="MS")[1:]
    return pd.Series(np.resize(last, months), index=index, name="naive")

# cell 15
naive_forecast = seasonal_naive(history, horizon)
naive_forecast.round(0)
