"""Step `smoothing` of demand.ipynb.

Reads: history.
Writes: smoothing_forecast.
"""

import warnings
from statsmodels.tools.sm_exceptions import ConvergenceWarning
from statsmodels.tsa.holtwinters import ExponentialSmoothing

warnings.simplefilter("ignore", ConvergenceWarning)

horizon = 12
season = 12


def smoothing(history, months):
    """Holt-Winters with a damped trend and a season in proportion."""
    model = ExponentialSmoothing(
        history, trend="add", damped_trend=True, seasonal="mul", seasonal_periods=season
    )
    return model.fit().forecast(months).rename("smoothing")

# cell 16
smoothing_forecast = smoothing(history, horizon)
smoothing_forecast.round(0)
