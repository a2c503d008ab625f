"""Owns state of the process: who sets it, who relies on it, and when it must travel.

A random generator travels only where some site seeds it: draws that nothing seeded are
free to differ. Any other state travels from the step that sets it to every step after.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from cellwright.compiler.walking import uses
from cellwright.compiler.walking.sites import Chain, Site, StateUse
from cellwright.compiler.walking.walk import Walk
from cellwright.model.pipeline import StepName

GENERATORS = frozenset(f"state:{name}" for name in uses.GENERATORS)
CARRIED = GENERATORS | frozenset(
    {
        "state:environ", "state:cwd", "state:sys.path", "state:warnings",
        "state:pandas.options", "state:numpy.errstate", "state:numpy.printoptions",
        "state:matplotlib.rcparams", "state:sklearn.config", "state:decimal", "state:locale",
        "state:sys.recursionlimit", "state:os.umask",
    }
)  # fmt: skip
_SETS = frozenset({"seeds", "sets", "changes-state", "draws"})


@dataclass(frozen=True, slots=True)
class StateNeed:
    """A step relies on state that another step left behind."""

    state: str
    step: StepName
    producer: StepName
    chain: Chain
    cause: Chain


@dataclass
class StateFlow:
    """Needs of state, draws that nothing seeded, shared sites that a step must replay."""

    needs: list[StateNeed] = field(default_factory=list)
    unseeded: dict[StepName, StateUse] = field(default_factory=dict)
    replayed: dict[StepName, set[int]] = field(default_factory=lambda: defaultdict(set))
    loose: set[int] = field(default_factory=set)
    """Shared sites that draw from a generator which nothing seeded."""


@dataclass(slots=True)
class _Version:
    """How a state stands: the last step that left it, the shared sites since, whether
    it is known (was seeded)."""

    step: StepName | None = None
    cause: Chain = ()
    shared: tuple[int, ...] = ()
    known: bool = False


def state_flow(walk: Walk) -> StateFlow:
    """Return what each step needs of the state that others set."""
    flow = StateFlow()
    names = sorted({use.state for site in walk.sites for use in site.effects.states})
    for state in names:
        _Follower(walk, flow, state).run()
    return flow


class _Follower:
    """Follows one state through the notebook."""

    def __init__(self, walk: Walk, flow: StateFlow, state: str) -> None:
        self.walk = walk
        self.flow = flow
        self.state = state
        self.random = state in GENERATORS
        self.version = _Version()
        self.asked: set[StepName] = set()
        self.last: dict[StepName, _Version] = {}

    def run(self) -> None:
        """Walk the sites in notebook order."""
        for site in self.walk.sites:
            uses = [use for use in site.effects.states if use.state == self.state]
            if site.step is None:
                self._shared(site, uses)
            else:
                self._step(site, site.step, uses)

    def _shared(self, site: Site, uses: list[StateUse]) -> None:
        acts = [use for use in uses if use.use in _SETS]
        if not acts:
            return
        version = self.version
        settled = _sure_seed(acts[0])
        if self.random and not version.known and acts[0].use != "seeds":
            self.flow.loose.add(site.index)
            if all(use.use != "seeds" for use in acts):
                return
            settled = any(map(_sure_seed, acts))  # whatever it drew before
        if settled:
            self.version = _Version(shared=(site.index,), known=True)
        else:
            self.version = _Version(
                version.step, version.cause, (*version.shared, site.index), known=True
            )

    def _step(self, site: Site, step: StepName, uses: list[StateUse]) -> None:
        acts = [use for use in uses if use.use in _SETS]
        version = self.version
        relies = bool(uses) and not _sure_seed(uses[0])
        if not self.random and version.step is not None:
            relies = not (uses and _sure_seed(uses[0]))
        if relies and (version.known or not self.random):
            self._ask(site, step, version, uses)
        elif relies and not version.known and acts:
            draws = [use for use in acts if use.use == "draws"]
            if draws and uses[0].use == "draws":
                self.flow.unseeded.setdefault(step, draws[0])
        if acts:
            known = version.known or any(use.use != "draws" for use in acts)
            self.version = _Version(step, acts[0].chain, (), known=known or not self.random)

    def _ask(self, site: Site, step: StepName, version: _Version, uses: Iterable[StateUse]) -> None:
        self.flow.replayed[step].update(version.shared)
        if version.step is None or version.step == step:
            return
        chain = next((use.chain for use in uses), None)
        if chain is None and site.body:
            chain = version.cause
        self.flow.needs.append(
            StateNeed(self.state, step, version.step, chain or version.cause, version.cause)
        )


def _sure_seed(use: StateUse) -> bool:
    return use.use == "seeds" and use.sure
