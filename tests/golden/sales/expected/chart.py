"""Step `chart` of sales.ipynb.

Reads: monthly (pandas.DataFrame).
Writes: file:report, file:report/revenue.png.
"""

import os
import matplotlib.pyplot as plt
import pandas as pd

pd.options.display.float_format = "{:,.2f}".format
plt.rcParams["figure.figsize"] = (9, 4)

year = 2024

# cell 25
os.makedirs("report", exist_ok=True)
fig, ax = plt.subplots()
monthly.drop(columns="all").plot.bar(stacked=True, ax=ax, rot=45)
ax.set_ylabel("revenue in €")
ax.set_title(f"Revenue {year}")
fig.tight_layout()
fig.savefig("report/revenue.png", dpi=80)
plt.show()
