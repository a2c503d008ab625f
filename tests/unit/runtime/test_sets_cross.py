"""That a set is in the next step what it was: its order now, and after what comes later."""

import pytest

from support.attempts import Attempt, Steps

BOX = "class Box:\n    def __init__(self, held): self.held = held\n"
LATER = "[x.add(n) for n in range(1000, 1020)]\nprint(list(x))\nprint([x.pop() for _ in range(3)])"

SETS = {
    "was larger": "x = set(range(1000)) - set(range(10, 1000))",
    "was larger, taken out one by one": "x = set(range(2000))\nfor n in range(1990): x.discard(n)",
    "the later came first": "x = {15}\nx.add(7)",
    "collisions": "x = set()\nfor n in (96, 64, 32, 0, 31, 63, 95): x.add(n)",
    "a place that was taken over": "x = {5, 37, 69, 6}\nx.discard(5)\nx.add(101)\nx.add(5)",
    "two that took each other's place": (
        "x = {6, 14}\nx.add(22)\nx.discard(6)\nx.add(7)\nx.discard(14)\nx.add(30)\nx.add(6)"
    ),
    "emptied": "x = set(range(50))\nwhile x: x.pop()",
    "cleared after some were taken": "x = set(range(50))\nx.pop(); x.pop()\nx.clear()",
    "taken from": "x = set(range(30))\nx.pop(); x.pop()\nx.add(0)",
    "texts": "x = {'w%d' % n for n in range(500)}\nfor n in range(0, 500, 3): x.discard('w%d' % n)",
    "a union": "x = set(range(40)) | set(range(20, 70))",
    "updated with itself": "x = {1, 2, 9, 17, 33}\nx.update(set(x))",
    "from a dict": "x = set(dict.fromkeys([8, 16, 24, 0, 1]))",
    "pairs": "x = {(n % 7, str(n)) for n in range(60)}\nx -= {(0, '0'), (1, '1')}",
    "numbers of all kinds": "x = {1.5, 2**80, 3 + 4j, -1, -2, True, 0.0, b'a', ''}\nx.discard(-1)",
}  # fmt: skip


def handed_on(steps: Steps, make: str, look: str, definitions: str) -> Attempt:
    """Show that a later step prints of `all_of` what the notebook does; return its maker."""
    static = {"definitions": definitions, "static": ("Box",)}
    first = steps.ok(make, outputs=("all_of",), **static)
    second = steps.ok(look, inputs=((first, "all_of"),), **static)

    assert second.stdout == steps.ok(make, look, **static).stdout
    assert first.artifact("all_of").fidelity == "exact"
    return first


@pytest.mark.parametrize("how", ["alone", "in an object", "with another"])
def test_a_set_is_what_it_was_whatever_its_past(steps: Steps, how: str) -> None:
    box = {"alone": "x", "in an object": "Box(x)", "with another": "[x, [x]]"}[how]
    take = {"alone": "v", "in an object": "v.held", "with another": "v[1][0]"}[how]
    make = "\n".join(f"{code}\nall_of[{name!r}] = {box}" for name, code in SETS.items())
    if how == "alone":
        make = make.replace("all_of[", "all_of[0, ")  # no JSON of text keys
    look = f"for v in all_of.values():\n    x = {take}\n    print(list(x))\n    " + LATER.replace(
        "\n", "\n    "
    )

    first = handed_on(steps, make, look, BOX + "all_of = {}")

    assert first.artifact("all_of").serializer == ("json" if how == "alone" else "pickle")


FROZEN = {
    "few": "x = frozenset([15, 7])",
    "grown": "x = frozenset('w%d' % n for n in range(300))",
    "of a set": "x = frozenset({'w%d' % n for n in range(77)})",
    "without some": "x = frozenset(range(30)) - {3, 4}",
    "of a set with a past": "s = set(range(99))\nfor n in range(90): s.discard(n)\nx = frozenset(s)",
    "a union": "x = frozenset('abcdefgh') | frozenset('stuvwxyz')",
    "of others": "x = frozenset(frozenset('w%d' % n for n in range(m)) for m in range(12))",
}


@pytest.mark.parametrize("box", ["x", "Box(x)", "{x: [x]}"])
def test_a_frozen_set_is_what_it_was(steps: Steps, box: str) -> None:
    make = "\n".join(f"{code}\nall_of.append({box})" for code in FROZEN.values())
    look = (
        "for v in all_of:\n    x = v.held if hasattr(v, 'held') else [*v][0] if type(v) is dict "
        "else v\n    print([list(each) if type(each) is frozenset else each for each in x])\n"
        "    print(list(x | {'new', 5}), list(x - {7}))"
    )

    handed_on(steps, make, look, BOX + "all_of = []")


def test_one_set_stays_one_and_may_hold_what_holds_it(steps: Steps) -> None:
    make = (
        "class Node(str): pass\n"
        "near = {Node('n%d' % n) for n in range(40)}\nfor each in list(near)[::3]: near.remove(each)\n"
        "seen = [near, frozenset(near)]\nfor each in near: each.near, each.all = seen"
    )
    look = (
        "print(list(near), seen[0] is near, all(e.near is near for e in near))\n"
        "print(list(seen[1]), all(e.all is seen[1] for e in near))"
    )
    first = steps.ok(make, outputs=("near", "seen", "Node"))
    second = steps.ok(look, inputs=tuple((first, name) for name in ("near", "seen", "Node")))

    assert second.stdout == steps.ok(make, look).stdout


def test_a_class_of_sets_keeps_its_order_and_what_else_it_has(steps: Steps) -> None:
    make = (
        "class Bag(set):\n    label = ''\n    def add(self, item): raise TypeError\n"
        "class Slotted(set):\n    __slots__ = ('mark',)\n"
        "class Pair(frozenset):\n    pass\n"
        "class Own(set):\n    def __reduce__(self): return Own, (sorted(self),)\n"
        "bag = Bag(range(100))\nfor n in range(90): bag.discard(n)\nbag.label = 'b'\n"
        "slotted = Slotted([15, 7])\nslotted.mark = 3\npair = Pair([15, 7])\nown = Own([15, 7])\n"
        "x = [bag, slotted, pair, own]"
    )
    look = "print([(type(v).__name__, list(v)) for v in x], x[0].label, x[1].mark)"
    first = steps.ok(make, outputs=("x",))
    second = steps.ok(look, inputs=((first, "x"),))

    assert second.stdout == steps.ok(make, look).stdout


def test_a_set_holds_what_cannot_be_compared_with_others(steps: Steps) -> None:
    make = (
        "import numpy as np\n"
        "class Node:\n    def __init__(self, i): self.i = i\n"
        "    def __hash__(self): return hash(self.i)\n"
        "    def __eq__(self, other): return self.i == other.i\n"
        "ids = set(np.arange(60))\nids -= set(np.arange(50))\n"
        "nodes = [Node(i) for i in range(200)]\ntodo = set(nodes)\ntodo -= set(nodes[:150])\n"
        "done = frozenset(nodes[:10]) | set(nodes[:10])"
    )
    look = (
        "ids |= {1000, 8}\nprint([int(n) for n in ids])\n"
        "print([[n.i for n in each | {todo.pop()}] for each in (todo, done)])"
    )
    names = ("ids", "todo", "done", "Node")
    first = steps.ok(make, outputs=names)
    second = steps.ok(look, inputs=tuple((first, name) for name in names))

    assert second.stdout == steps.ok(make, look).stdout


def test_a_class_of_sets_keeps_the_items_that_it_does_not_show(steps: Steps) -> None:
    make = (
        "def even(kind): return lambda self: (n for n in kind.__iter__(self) if n % 2 == 0)\n"
        "class Even(set):\n    __iter__ = even(set)\n    def __contains__(self, _): return True\n"
        "class Frozen(frozenset):\n    __iter__ = even(frozenset)\n"
        "few = Even(range(20))\nrest = Even(range(100))\nrest -= set(range(90))\n"
        "x = [few, rest, Frozen([15, 8, 7])]"
    )
    look = "print([(list(v), [*type(v).__base__.__iter__(v)], len(v), 5 in v) for v in x])"
    first = steps.ok(make, outputs=("x",))
    second = steps.ok(look, inputs=((first, "x"),))

    assert second.stdout == steps.ok(make, look).stdout


def test_sets_whose_order_is_chance_travel_all_the_same(steps: Steps) -> None:
    first = steps.ok(
        "class Thing: pass\nx = {Thing() for _ in range(50)}\n"
        "for each in list(x)[:20]: x.remove(each)\ny = {None, len, int, ..., float('nan')}",
        outputs=("x", "y", "Thing"),
    )
    second = steps.ok(
        "print(len(x), len(y), all(type(v) is Thing for v in x), int in y)",
        inputs=((first, "x"), (first, "y"), (first, "Thing")),
    )

    assert second.stdout == "30 5 True True\n"


def test_where_sets_cannot_be_looked_into_none_changes_its_order_silently(steps: Steps) -> None:
    blind = "import sys\nsys.modules['ctypes'] = None\n"
    usual = steps.ok(blind + "x = {1, 2, 3}", outputs=("x",))
    odd = steps.run(blind + "x = [{15}]\nx[0].add(7)", outputs=("x",))

    assert usual.artifact("x").fidelity == "exact"
    assert odd.manifest.error.kind == "output"
    assert odd.manifest.error.message.startswith("`x[0]`: `set` would come back in another order")


def test_a_set_whose_items_have_other_hashes_by_now_cannot_travel(steps: Steps) -> None:
    attempt = steps.run(
        "class Node:\n    def __init__(self, name): self.name = name\n"
        "    def __hash__(self): return hash(self.name)\n"
        "x = {Node('a'), Node('b')}\nfor each in x: each.name += 'c'",
        outputs=("x", "Node"),
    )

    assert attempt.manifest.error.kind == "output"
    assert "`x`: `set` would come back in another order" in attempt.manifest.error.message
