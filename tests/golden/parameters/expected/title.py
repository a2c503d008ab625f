"""Step `title` of parameters.ipynb.

Reads: nothing.
Writes: title (str).
"""

region = "north"
year: int = 2024
start = year - 1


def label():
    return f"{region} {start}-{year}"

# cell 3
title = label()
print(title)
