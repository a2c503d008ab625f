"""Step `load` of files-between-steps.ipynb.

Reads: nothing.
Writes: prices (dict).
"""

import csv

# cell 3
with open("data/prices.csv", newline="") as file:
    prices = {row["item"]: int(row["price"]) for row in csv.DictReader(file)}
