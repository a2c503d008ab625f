"""Makes data/customers.csv, products.csv and orders.csv of a shop that does not exist.

The tables are as untidy as real ones: names in all spellings, prices as text, dates in two
styles, orders twice, and orders of customers that nobody knows.

    python make_data.py
"""

from pathlib import Path

import numpy as np
import pandas as pd

FIRST = [
    "Ada",
    "Bruno",
    "Chen",
    "Dilara",
    "Elif",
    "Femi",
    "Greta",
    "Hiro",
    "Ines",
    "Jonas",
    "Kaya",
    "Lena",
    "Milan",
    "Nadia",
    "Otto",
    "Priya",
    "Quentin",
    "Rosa",
    "Sven",
    "Tomas",
]
LAST = [
    "Abe",
    "Bauer",
    "Costa",
    "Dahl",
    "Eriksen",
    "Fischer",
    "Garcia",
    "Huber",
    "Ito",
    "Jansen",
    "Kowalski",
    "Lopez",
    "Meyer",
    "Novak",
    "Okafor",
    "Petrov",
    "Rossi",
    "Silva",
    "Tanaka",
]
COUNTRIES = {
    "Germany": ["Germany", "germany", "DE", "Deutschland ", "GERMANY"],
    "France": ["France", "france", "FR", " France"],
    "Netherlands": ["Netherlands", "NL", "The Netherlands", "netherlands"],
    "Spain": ["Spain", "ES", "España", "spain "],
}
CATEGORIES = {"desk": (180, 420), "chair": (70, 290), "lamp": (18, 120), "shelf": (45, 210)}
CUSTOMERS, ORDERS = 400, 4200


def customers(rng: np.random.Generator) -> pd.DataFrame:
    countries = list(COUNTRIES)
    country = rng.choice(countries, CUSTOMERS, p=[0.4, 0.25, 0.2, 0.15])
    names = [
        f"{FIRST[rng.integers(len(FIRST))]} {LAST[rng.integers(len(LAST))]}"
        for _ in range(CUSTOMERS)
    ]
    frame = pd.DataFrame(
        {
            "customer_id": np.arange(1001, 1001 + CUSTOMERS),
            "name": [name if rng.random() > 0.1 else f" {name.upper()} " for name in names],
            "country": [rng.choice(COUNTRIES[one]) for one in country],
            "segment": rng.choice(
                ["private", "business", "Business", ""], CUSTOMERS, p=[0.6, 0.25, 0.1, 0.05]
            ),
            "since": pd.to_datetime("2019-01-01")
            + pd.to_timedelta(rng.integers(0, 1800, CUSTOMERS), unit="D"),
        }
    )
    twice = frame.iloc[rng.choice(CUSTOMERS, 9, replace=False)]
    return pd.concat([frame, twice], ignore_index=True)


def products(rng: np.random.Generator) -> pd.DataFrame:
    rows = []
    for category, (low, high) in CATEGORIES.items():
        for number in range(1, 9):
            price = round(float(rng.uniform(low, high)), 2)
            styles = [f"€{price:,.2f}", f"{price:.2f} EUR", f"{price:.2f}"]
            rows.append(
                {
                    "sku": f"{category[:2].upper()}-{number:03d}",
                    "product": f"{category} no. {number}",
                    "category": category if rng.random() > 0.15 else category.title() + " ",
                    "price": styles[rng.integers(3)],
                    "weight_kg": round(float(rng.uniform(1, 40)), 1)
                    if rng.random() > 0.1
                    else None,
                }
            )
    return pd.DataFrame(rows)


def orders(rng: np.random.Generator, skus: list[str]) -> pd.DataFrame:
    days = rng.integers(0, 730, ORDERS)
    date = pd.to_datetime("2023-01-01") + pd.to_timedelta(days, unit="D")
    spring = 1 + 0.35 * np.sin(2 * np.pi * (date.day_of_year.to_numpy() - 40) / 365)
    keep = rng.random(ORDERS) < spring / 1.4
    written = np.where(
        rng.random(ORDERS) < 0.8, date.strftime("%Y-%m-%d"), date.strftime("%d.%m.%Y")
    )
    quantity = rng.poisson(1.4, ORDERS) + 1
    frame = pd.DataFrame(
        {
            "order_id": np.arange(50_001, 50_001 + ORDERS),
            "date": written,
            "customer_id": rng.integers(1001, 1001 + CUSTOMERS, ORDERS),
            "sku": rng.choice(skus, ORDERS),
            "quantity": quantity,
            "discount": rng.choice(
                ["0%", "5%", "10%", "15%", ""], ORDERS, p=[0.6, 0.15, 0.12, 0.05, 0.08]
            ),
        }
    )[keep].reset_index(drop=True)
    count = len(frame)
    frame.loc[rng.choice(count, 20, replace=False), "quantity"] = -1  # returned
    frame.loc[rng.choice(count, 15, replace=False), "customer_id"] = 9999  # unknown
    twice = frame.iloc[rng.choice(count, 40, replace=False)]
    return pd.concat([frame, twice]).sort_values("order_id", ignore_index=True)


if __name__ == "__main__":
    generator = np.random.default_rng(20240229)
    folder = Path(__file__).with_name("data")
    goods = products(generator)
    tables = {
        "customers": customers(generator),
        "products": goods,
        "orders": orders(generator, goods["sku"].tolist()),
    }
    for name, table in tables.items():
        target = folder / f"{name}.csv"
        table.to_csv(target, index=False)
        print(f"{target}: {target.stat().st_size} bytes")
