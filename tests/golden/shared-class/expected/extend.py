"""Step `extend` of shared-class.ipynb.

Reads: order.
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

# cell 4
order.add("milk")
None
