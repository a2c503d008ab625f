"""Step `make` of closures.ipynb.

Reads: nothing.
Writes: tick (function).
"""


# cell 2
def counter():
    n = 0

    def tick():
        nonlocal n
        n += 1
        return n

    return tick


tick = counter()
tick();
