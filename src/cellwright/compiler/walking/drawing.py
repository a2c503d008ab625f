"""Owns what figures keep of what they are given, and which figure `pyplot` draws on.

A notebook closes its figures at the end of each cell, and `pyplot` then begins another. Only
`plt.sca(ax)` and the like have it go on with an earlier one. With a backend of the notebook's
own choice figures stay open, and the figure that is drawn on is state of the process.
"""

import ast

from cellwright.compiler.walking import texts, uses
from cellwright.compiler.walking.arguments import Arguments
from cellwright.compiler.walking.effects import Effect, effects_data
from cellwright.compiler.walking.heap import MEMORY, NOTHING, Kind, Thing, Value
from cellwright.compiler.walking.machine import Machine
from cellwright.compiler.walking.sites import StateUse

_CODE = frozenset({Kind.FUNCTION, Kind.METHOD, Kind.CLASS, Kind.INSTANCE})
_ARTIST = "matplotlib.artist"
_FIGURES = "open figures of pyplot"
_STAY = "figures stay open"
_LEFT = "who left figures open"
_BACKENDS = frozenset({"matplotlib.use", "matplotlib.pyplot.switch_backend"})
_CHOOSES = frozenset({"sca", "figure", "axes", "subplot"})
_BEGINS = frozenset({"figure", "subplots", "subplot_mosaic"})
_TELLS = frozenset({"savefig", "get_fignums", "get_figlabels", "fignum_exists"})
_LEAVES_ALONE = frozenset({"show", "pause", "imread", "imsave", "get_cmap", "get_backend", "ion"})
_LEAVES_ALONE |= {"ioff", "isinteractive", "colormaps", "setp", "getp", "get", "close"}


def join_figure(m: Machine, thing: Thing) -> None:
    """Let what is drawn have one memory with all that is drawn at this site.

    Axes and lines may be parts of the current figure, which leads to all of its parts.
    """
    if effects_data().flag(thing.type, "figure"):
        m.heap.put(thing, MEMORY, m.heap.memory(_drawn_here(m, thing.type)))


def _drawn_here(m: Machine, type_name: str = _ARTIST) -> Thing:
    key = ("figure", m.site.index)
    return m.heap.make(key, kind=Kind.PLAIN, type_name=type_name, place=None)


def keep_given(m: Machine, drawn: Value, given: Value) -> None:
    """Let figures keep what they are given to look at whenever they are drawn.

    These are functions (formatters, scales, callbacks), norms, and other artists, which
    lead to the figure in their turn. Data are copied into a figure.
    """
    data = effects_data()
    drawn = frozenset(number for number in drawn if data.flag(m.heap[number].type, "figure"))
    if not drawn:
        return
    kept: set[int] = set()
    for number in given - drawn:
        inside = m.heap.reach((number,))
        if any(m.heap[inner].kind in _CODE for inner in inside):
            kept.add(number)
        kept |= {n for n in inside if data.flag(m.heap[n].type, "drawn")} - drawn
    artists = frozenset(n for n in kept if data.flag(m.heap[n].type, "figure"))
    for number in sorted(drawn if kept else NOTHING):
        for memory in m.heap.memory(m.heap[number]):
            m.heap.hold(m.heap[memory], frozenset(kept))
            for artist in sorted(artists):
                for other in m.heap.memory(m.heap[artist]):
                    m.heap.hold(m.heap[other], frozenset((memory,)))


def note_drawing(
    m: Machine, effect: Effect, arguments: Arguments, node: ast.AST, path: str
) -> None:
    """Note which figure a call draws on that is not told."""
    if path in _BACKENDS:
        chosen = texts.known_texts(m, arguments.at("0") or arguments.at("backend"))
        m.kept[_STAY] = NOTHING if all("inline" in text for text in chosen) else m.heap.scalar()
    module, _, name = path.rpartition(".")
    if module == "matplotlib.pyplot" and not effect.states and name not in _LEAVES_ALONE:
        if not name[:1].isupper():
            _note_pyplot(m, arguments, node, name)
    elif path == "matplotlib.pyplot.close" and m.kept.get(_STAY):
        _closed(m, node)
    elif effect.type_name == _ARTIST:
        m.change(m.kept.get(_current(m), NOTHING), node)


def _current(m: Machine) -> str:
    return f"figure drawn on at {m.site.index}"


def _note_pyplot(m: Machine, arguments: Arguments, node: ast.AST, name: str) -> None:
    data = effects_data()
    chosen = arguments.at("0") or arguments.at("num")
    artists = frozenset(n for n in chosen if data.flag(m.heap[n].type, "figure"))
    begins = name in _BEGINS and not (chosen if name == "figure" else arguments.at("num"))
    if name in _CHOOSES and artists:
        here = m.heap.memory(_drawn_here(m))
        for number in sorted(artists):
            for memory in m.heap.memory(m.heap[number]):
                m.heap.hold(m.heap[memory], here - {memory})
        m.kept[_current(m)] = artists
        begins = True
    elif begins and m.doubts == 0:
        m.kept.pop(_current(m), None)
    elif not begins:
        m.change(m.kept.get(_current(m), NOTHING), node)
    if m.kept.get(_STAY):
        _note_open(m, node, name, begins=begins)


def _note_open(m: Machine, node: ast.AST, name: str, *, begins: bool) -> None:
    """Note that a figure is begun, looked at or gone on with, and stays open.

    What is drawn on a figure of an earlier step shows where the figure is looked at, or has
    a name; if neither is so, it may be drawn on another as well.
    """
    owner, named = _left(m)
    handed_out = node is not m.discarded
    tells = name in _TELLS
    step = str(m.site.step)
    if begins:
        use, named = "seeds", False
    elif tells or handed_out or named or owner in ("", step):
        use = "uses" if tells else "changes-state"
    else:
        return
    m.kept[_LEFT] = m.heap.scalar(step, "named" if named or handed_out else None)
    uses.note_state(m, use, _FIGURES, node=node, what=f"matplotlib.pyplot.{name}")


def _left(m: Machine) -> tuple[str, bool]:
    """Return the step that left figures open, "" for none, and whether they have names."""
    for number in m.kept.get(_LEFT, NOTHING):
        return m.heap[number].type, m.heap[number].text is not None
    return "", False


def _closed(m: Machine, node: ast.AST) -> None:
    """Note that figures are closed: what this site drew on is not gone on with later."""
    state = f"state:{_FIGURES}"
    noted = m.site.effects.states
    mine = [use for use in noted if use.state == state]
    m.kept.pop(_LEFT, None)
    if m.doubts or not mine:
        uses.note_state(m, "seeds", _FIGURES, node=node, what="matplotlib.pyplot.close")
        return
    noted[:] = [use for use in noted if use.state != state]
    if mine[0].use != "seeds" or not mine[0].sure:
        noted.append(StateUse("uses", state, mine[0].chain, mine[0].what, mine[0].sure))
