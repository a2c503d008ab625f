"""Makes data/customers.csv: the customers of a telephone company that does not exist.

python make_data.py
"""

from pathlib import Path

import numpy as np
import pandas as pd

ROWS = 5000
CONTRACTS = {"month-to-month": 0.55, "one year": 0.24, "two years": 0.21}
MONTHS = {"month-to-month": 14, "one year": 34, "two years": 52}
INTERNET = {"fiber": 0.44, "dsl": 0.35, "none": 0.21}
PAYMENTS = {"electronic check": 0.34, "mailed check": 0.22, "bank transfer": 0.22, "card": 0.22}
REGIONS = {"north": 0.3, "south": 0.25, "east": 0.2, "west": 0.25}


def choose(rng: np.random.Generator, shares: dict[str, float], size: int) -> np.ndarray:
    return rng.choice(list(shares), size=size, p=list(shares.values()))


def customers(seed: int = 20240501) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    contract = choose(rng, CONTRACTS, ROWS)
    internet = choose(rng, INTERNET, ROWS)
    payment = choose(rng, PAYMENTS, ROWS)
    typical = np.array([MONTHS[one] for one in contract])
    tenure = np.clip(rng.gamma(1.6, typical / 1.6), 0, 72).round().astype(int)
    services = rng.binomial(6, np.where(internet == "none", 0.05, 0.45))
    base = np.select([internet == "fiber", internet == "dsl"], [68.0, 46.0], 19.0)
    monthly = (base + 4.9 * services + rng.normal(0, 3.2, ROWS)).clip(15).round(2)
    total = (monthly * tenure * rng.normal(1, 0.03, ROWS).clip(0.9, 1.1)).round(2)
    calls = rng.poisson(0.7 + 0.9 * (internet == "fiber"))

    monthly_contract = contract == "month-to-month"
    ends = (contract == "one year") & (tenure % 12 == 0) & (tenure > 0)
    # Mostly what no straight line tells: dear and new, calls only where there is a way out,
    # the month in which a year's contract ends.
    log_odds = (
        -2.9
        + 0.6 * monthly_contract
        - 0.5 * (contract == "two years")
        + 0.3 * (payment == "electronic check")
        + 2.6 * ((tenure < 9) & (monthly > 70))
        + 2.4 * ((calls >= 2) & monthly_contract & (tenure < 30))
        - 1.0 * ((calls >= 2) & ~monthly_contract)
        + 2.2 * ends
        + 2.0 * ((services <= 1) & (internet == "fiber") & (tenure > 12))
    )
    churned = rng.random(ROWS) < 1 / (1 + np.exp(-log_odds))

    frame = pd.DataFrame(
        {
            "customer_id": [f"C{number:05d}" for number in range(1, ROWS + 1)],
            "region": choose(rng, REGIONS, ROWS),
            "senior": (rng.random(ROWS) < 0.16).astype(int),
            "tenure": tenure,
            "contract": contract,
            "internet": internet,
            "services": services,
            "payment": payment,
            "support_calls": calls,
            "monthly_charges": monthly,
            # As exports of billing systems have it: text, and blank for new customers.
            "total_charges": np.where(tenure == 0, " ", total.astype(str)),
            "churned": np.where(churned, "Yes", "No"),
        }
    )
    frame.loc[rng.choice(ROWS, 60, replace=False), "region"] = np.nan
    twice = frame.iloc[rng.choice(ROWS, 25, replace=False)]
    return pd.concat([frame, twice], ignore_index=True)


if __name__ == "__main__":
    target = Path(__file__).with_name("data") / "customers.csv"
    customers().to_csv(target, index=False)
    print(f"{target}: {target.stat().st_size} bytes")
