"""Step `make` of shared-class.ipynb.

Reads: nothing.
Writes: order.
"""

from dataclasses import dataclass, field


@dataclass
class Order:
    """Items of one customer."""

    customer: str
    items: list = field(default_factory=list)

    def add(self, item):
        self.items.append(item)
        return self

# cell 3
order = Order("Ann").add("tea")
