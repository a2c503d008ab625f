from cellwright.compiler.walking.heap import UNBOUND, Heap, Kind


def thing(heap: Heap, key: str, type_name: str = "list"):
    return heap.make((key,), kind=Kind.PLAIN, type_name=type_name, place=None)


def test_a_place_makes_one_thing_however_often_it_is_met() -> None:
    heap = Heap()

    assert thing(heap, "a") is thing(heap, "a")
    assert thing(heap, "a") is not thing(heap, "b")
    assert thing(heap, "a") is not thing(heap, "a", "dict")


def test_reach_follows_links_and_leaves_immutables_out() -> None:
    heap = Heap()
    outer, inner = thing(heap, "outer"), thing(heap, "inner")
    heap.put(outer, "[0]", frozenset((inner.number,)) | heap.scalar("int"))

    assert heap.reach([outer.number]) == {outer.number, inner.number}
    assert heap.reach(heap.scalar("int")) == set()


def test_reach_ends_in_a_circle() -> None:
    heap = Heap()
    one, other = thing(heap, "one"), thing(heap, "other")
    heap.put(one, "[0]", frozenset((other.number,)))
    heap.put(other, "[0]", frozenset((one.number,)))

    assert heap.reach([one.number]) == {one.number, other.number}


def test_a_link_is_seen_from_the_site_on_that_made_it() -> None:
    heap = Heap()
    outer, inner = thing(heap, "outer"), thing(heap, "inner")
    heap.now = 3
    heap.hold(outer, frozenset((inner.number,)))

    assert heap.reach([outer.number], until=2) == {outer.number}
    assert heap.reach([outer.number], until=3) == {outer.number, inner.number}


def test_what_is_put_adds_up_and_is_never_unbound() -> None:
    heap = Heap()
    box, one, two = thing(heap, "box"), thing(heap, "one"), thing(heap, "two")
    heap.put(box, "x", frozenset((one.number, UNBOUND)))
    heap.put(box, "x", frozenset((two.number,)))

    assert box.fields["x"] == {one.number, two.number}


def test_growth_stands_still_when_nothing_is_new() -> None:
    heap = Heap()
    box, one = thing(heap, "box"), thing(heap, "one")
    heap.put(box, "x", frozenset((one.number,)))
    before = heap.growth
    heap.put(box, "x", frozenset((one.number,)))
    heap.scalar("int")
    after_first = heap.growth
    heap.scalar("int")

    assert after_first == before + 1
    assert heap.growth == after_first


def test_views_share_one_memory() -> None:
    heap = Heap()
    array = thing(heap, "array", "numpy.ndarray")

    assert heap.memory(array) == heap.memory(array)
    assert heap.reach([array.number]) > {array.number}
