"""Step `split` of demand.ipynb.

Reads: monthly.
Writes: actual, history, monthly.
"""

horizon = 12

# cell 13
history, actual = monthly.iloc[:-horizon], monthly.iloc[-horizon:]
print(f"{len(history)} months of history, {len(actual)} held back")
