"""Step `report` of sales.ipynb.

Reads: best, by_category, monthly (pandas.DataFrame), order_lines (int), revenue
    (float), share_lost, file:report, file:report/revenue.png.
Writes: file:report/index.html, file:report/monthly.csv.
"""

import base64
import os
from pathlib import Path
import pandas as pd

pd.options.display.float_format = "{:,.2f}".format

year = 2024


def money(amount):
    return f"€ {amount:,.0f}"

# cell 29
picture = base64.b64encode(Path("report/revenue.png").read_bytes()).decode()
page = f"""<!doctype html>
<meta charset="utf-8">
<title>Sales {year}</title>
<h1>Sales {year}: {money(revenue)}</h1>
<p>{order_lines} orders; {share_lost:.1%} of the exported rows could not be used.</p>
<img alt="Revenue by month and country" src="data:image/png;base64,{picture}">
<h2>Categories</h2>
{by_category.to_html(float_format=lambda value: f"{value:,.2f}")}
<h2>The best customers</h2>
{best.to_html(index=False)}
"""

# cell 30
os.makedirs("report", exist_ok=True)
Path("report/index.html").write_text(page, encoding="utf-8")
monthly.round(2).to_csv("report/monthly.csv")
print(f"{money(revenue)} in {year}, {len(page)} characters of page")
