"""How this shop's exports are made tidy."""

import pandas as pd

COUNTRIES = {
    "de": "Germany",
    "deutschland": "Germany",
    "fr": "France",
    "nl": "Netherlands",
    "the netherlands": "Netherlands",
    "es": "Spain",
    "españa": "Spain",
}


def tidy_country(name: str) -> str:
    """Return a country's one name."""
    key = name.strip().lower()
    return COUNTRIES.get(key, key.title())


def parse_price(text: str) -> float:
    """Return the number in a price such as `€1,234.50` or `12.00 EUR`."""
    return float(text.replace("€", "").replace("EUR", "").replace(",", "").strip())


def parse_percent(text: str) -> float:
    """Return `"15%"` as 0.15; no text is no discount."""
    text = text.strip().rstrip("%")
    return float(text) / 100 if text else 0.0


def parse_dates(column: pd.Series) -> pd.Series:
    """Return dates written as `2024-03-31` or as `31.03.2024`."""
    iso = pd.to_datetime(column, format="%Y-%m-%d", errors="coerce")
    german = pd.to_datetime(column, format="%d.%m.%Y", errors="coerce")
    return iso.fillna(german)
