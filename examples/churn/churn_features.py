"""Features of a customer, shared by the notebook and by what scores customers at night."""

import pandas as pd

TENURE_EDGES = [-1, 5, 11, 23, 47, 72]
TENURE_NAMES = ["0-5", "6-11", "12-23", "24-47", "48+"]


def tenure_band(months: pd.Series) -> pd.Series:
    """Return the band that a number of months as a customer falls into."""
    return pd.cut(months, TENURE_EDGES, labels=TENURE_NAMES).astype(str)


def add_features(customers: pd.DataFrame) -> pd.DataFrame:
    """Return the customers with the columns that the models use; the input stays as it is."""
    result = customers.copy()
    result["tenure_band"] = tenure_band(result["tenure"])
    expected = result["monthly_charges"] * result["tenure"].clip(lower=1)
    result["charge_drift"] = (result["total_charges"] / expected).clip(0, 2)
    result["charge_per_service"] = result["monthly_charges"] / (result["services"] + 1)
    result["calls_per_year"] = 12 * result["support_calls"] / (result["tenure"] + 1)
    result["automatic_payment"] = result["payment"].isin(["bank transfer", "card"]).astype(int)
    return result
