"""Step `prepare` of demand.ipynb.

Reads: orders (pandas.DataFrame).
Writes: monthly.
"""

product = "lemonade"

# cell 9
weekly = orders[orders["product"] == product].set_index("week_ending")["cases"]
weekly = weekly.asfreq("W-SUN").interpolate()
monthly = (weekly / 7).resample("D").bfill().resample("MS").sum().iloc[1:].rename("cases")
print(f"{product}: {len(monthly)} months from {monthly.index[0]:%B %Y}")
monthly.tail()
