"""Step `products` of sales.ipynb.

Reads: nothing.
Writes: products (pandas.DataFrame).
"""

import matplotlib.pyplot as plt
import pandas as pd
from cleaning import parse_dates, parse_percent, parse_price, tidy_country

pd.options.display.float_format = "{:,.2f}".format
plt.rcParams["figure.figsize"] = (9, 4)

# cell 11
products = pd.read_csv("data/products.csv", dtype={"price": str})
products["price"] = products["price"].map(parse_price)
products["category"] = products["category"].str.strip().str.lower().astype("category")
products["weight_kg"] = products["weight_kg"].fillna(products["weight_kg"].median())
products = products.set_index("sku")
products.head()
