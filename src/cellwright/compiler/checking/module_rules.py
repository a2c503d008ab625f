"""Owns the rule about the variables of local modules: they stay in the process of a step."""

from cellwright.compiler.linking.wiring import Wiring
from cellwright.compiler.walking.sites import Chain, Site
from cellwright.diagnostics import catalogue as rules
from cellwright.diagnostics.diagnostic import Diagnostic, Label, Report
from cellwright.model.pipeline import StepName
from cellwright.model.source import Span


def check_modules(wiring: Wiring, report: Report) -> None:
    """Report steps that change a variable of a local module which a later step reads."""
    sites = wiring.timeline.walk.sites
    told: set[tuple[StepName, str, str]] = set()
    for site in sites:
        if site.step is None:
            continue
        for (module, name), chain in sorted(site.module_changes.items()):
            reader = next(
                (
                    later
                    for later in sites[site.index + 1 :]
                    if later.step not in (None, site.step) and (module, name) in later.module_reads
                ),
                None,
            )
            if reader is not None and (site.step, module, name) not in told:
                told.add((site.step, module, name))
                report.add(_found(wiring, site, (module, name), chain, reader))


def _found(
    wiring: Wiring, site: Site, variable: tuple[str, str], chain: Chain, reader: Site
) -> Diagnostic:
    module, name = variable
    read = reader.module_reads[variable]
    return Diagnostic(
        rules.PROCESS_STATE,
        f"step `{site.step}` changes `{name}` in the module `{module}`, "
        f"and step `{reader.step}` reads it there",
        primary=Label(_span(wiring, chain), "changed in what is called here"),
        secondary=(Label(_span(wiring, read), "read in what is called here"),) if read else (),
        notes=(
            "each step imports the module anew, in a process of its own",
            "let the function return what the later step needs, or put the cells into one step",
        ),
    )


def _span(wiring: Wiring, chain: Chain) -> Span:
    place = chain[0]
    return wiring.timeline.walk.cells[place.cell].span(place.node)
