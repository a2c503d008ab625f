"""Step `sarimax` of demand.ipynb.

Reads: history.
Writes: sarimax_forecast.
"""

import warnings
import numpy as np
from statsmodels.tools.sm_exceptions import ConvergenceWarning
from statsmodels.tsa.statespace.sarimax import SARIMAX

warnings.simplefilter("ignore", ConvergenceWarning)

horizon = 12
season = 12


def sarimax(history, months):
    """Seasonal ARIMA on the logarithm."""
    model = SARIMAX(np.log(history), order=(1, 0, 1), seasonal_order=(0, 1, 1, season), trend="c")
    fitted = model.fit(disp=False, maxiter=80)
    return np.exp(fitted.forecast(months)).rename("sarimax")

# cell 17
sarimax_forecast = sarimax(history, horizon)
sarimax_forecast.round(0)
