"""How far a forecast is from what came."""

import numpy as np
import pandas as pd


def mape(actual: pd.Series, forecast: pd.Series) -> float:
    """Return the mean absolute error in percent of the actual values."""
    return float((100 * (actual - forecast).abs() / actual).mean())


def rmse(actual: pd.Series, forecast: pd.Series) -> float:
    """Return the root of the mean squared error, in the unit of the values."""
    return float(np.sqrt(((actual - forecast) ** 2).mean()))


def mase(actual: pd.Series, forecast: pd.Series, history: pd.Series, season: int) -> float:
    """Return the mean absolute error in units of the seasonal naive forecast's own error."""
    scale = history.diff(season).abs().mean()
    return float((actual - forecast).abs().mean() / scale)
