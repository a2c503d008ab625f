"""Step `report` of closures.ipynb.

Reads: tick (function).
Writes: nothing.
"""

from functools import wraps


def at_most(limit):
    def decorate(function):
        @wraps(function)
        def wrapped(*args):
            return min(limit, function(*args))

        return wrapped

    return decorate


@at_most(3)
def limited(n):
    return n * 2

# cell 3
print(tick(), limited(1), limited(5))
