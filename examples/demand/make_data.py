"""Makes data/orders.csv: the weekly orders of a beverage wholesaler that does not exist.

python make_data.py
"""

from pathlib import Path

import numpy as np
import pandas as pd

PRODUCTS = {
    # name: (orders a week, growth a year, strength of summer, price)
    "lemonade": (820, 0.04, 0.42, 1.20),
    "iced tea": (510, 0.09, 0.35, 1.45),
    "hot chocolate": (260, 0.02, -0.55, 2.10),
}


def orders(seed: int = 20231101) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    weeks = pd.date_range("2013-01-06", "2023-12-31", freq="W-SUN")
    years = np.arange(len(weeks)) / 52.18
    season = np.sin(2 * np.pi * (weeks.day_of_year.to_numpy() - 105) / 365.25)
    frames = []
    for product, (level, growth, summer, price) in PRODUCTS.items():
        noise = np.zeros(len(weeks))
        for week in range(1, len(weeks)):
            noise[week] = 0.55 * noise[week - 1] + rng.normal(0, 0.035)
        promotion = rng.random(len(weeks)) < 0.06
        mean = level * (1 + growth) ** years * np.exp(summer * season + noise)
        cases = rng.poisson(mean * np.where(promotion, 1.35, 1.0))
        frames.append(
            pd.DataFrame(
                {
                    "week_ending": weeks,
                    "product": product,
                    "cases": cases,
                    "promotion": promotion.astype(int),
                    "price": round(price, 2),
                }
            )
        )
    table = pd.concat(frames, ignore_index=True)
    # Weeks in which the export failed: a minus one, as the system writes it.
    table.loc[rng.choice(len(table), 14, replace=False), "cases"] = -1
    return table.sort_values(["week_ending", "product"], ignore_index=True)


if __name__ == "__main__":
    target = Path(__file__).with_name("data") / "orders.csv"
    orders().to_csv(target, index=False)
    print(f"{target}: {target.stat().st_size} bytes")
