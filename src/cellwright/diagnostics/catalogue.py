"""Owns every rule: code, name, severity, one line on the pattern it finds.

Letters say which part of the work is concerned, hundreds match the letters. A code is
never used again for another rule. A rule has one page, `docs/rules/CODE.md`.
"""

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType

from cellwright.base.errors import UsageError
from cellwright.diagnostics.diagnostic import Rule, Severity

_ERROR = Severity.ERROR
_WARNING = Severity.WARNING
_HINT = Severity.HINT

# The file
UNREADABLE_NOTEBOOK = Rule(
    "NB001", "unreadable-notebook", _ERROR, "the file is not a notebook that can be read"
)
UNSUPPORTED_LANGUAGE = Rule(
    "NB002", "unsupported-language", _ERROR, "the notebook's kernel does not run Python"
)
DUPLICATE_CELL_ID = Rule("NB003", "duplicate-cell-id", _WARNING, "two cells have the same id")
SYNTAX_ERROR = Rule("NB004", "syntax-error", _ERROR, "a cell is not valid Python")
UNTRANSLATABLE_MAGIC = Rule(
    "NB005", "untranslatable-magic", _ERROR, "a magic has no meaning outside the notebook"
)
DROPPED_MAGIC = Rule("NB006", "dropped-magic", _HINT, "a magic is left out of the pipeline")
OLD_FORMAT = Rule("NB007", "old-format", _HINT, "the notebook is in an old format")
UNUSABLE_INSTALL = Rule(
    "NB008", "unusable-install", _WARNING, "an install line gives no requirement to lock"
)
MALFORMED_CELL = Rule(
    "NB009", "malformed-cell", _ERROR, "a part of a cell is not what the format says"
)
TOO_DEEP = Rule("NB010", "deep-nesting", _ERROR, "code is nested too deeply to be followed")

# Tags
UNKNOWN_TAG = Rule("TAG101", "unknown-tag", _HINT, "a tag looks like one of ours, misspelt")
CONFLICTING_ROLES = Rule(
    "TAG102", "conflicting-roles", _ERROR, "the tags of a cell give it two roles"
)
INVALID_STEP_NAME = Rule(
    "TAG103", "invalid-step-name", _ERROR, "a step's name has characters it may not have"
)
UNTAGGED_CELL = Rule("TAG104", "untagged-cell", _HINT, "an untagged cell changes what a step reads")
UNKNOWN_PREDECESSOR = Rule(
    "TAG105", "unknown-predecessor", _ERROR, "a `prev:` tag names a step that does not exist"
)
NON_LITERAL_PARAMETER = Rule(
    "TAG106", "non-literal-parameter", _HINT, "a value in the parameters cell is computed"
)
INVALID_OPTION = Rule("TAG107", "invalid-option", _ERROR, "an option is unknown or malformed")
CONFLICTING_OPTIONS = Rule(
    "TAG108", "conflicting-options", _ERROR, "two cells of a step disagree on an option"
)
SIMILAR_STEP_NAMES = Rule(
    "TAG109", "similar-step-names", _ERROR, "two steps have names that look the same"
)
NO_STEPS = Rule("TAG110", "no-steps", _ERROR, "no cell is tagged as a step")
UNUSED_ALLOWANCE = Rule("TAG111", "unused-allowance", _HINT, "an allowance silences nothing")
IGNORED_TAG = Rule("TAG112", "ignored-tag", _HINT, "a tag of ours or of Kale's has no effect here")

# Names, values and effects
UNBOUND_INPUT = Rule(
    "FLOW201", "unbound-input", _ERROR, "a step reads a name that no earlier step binds"
)
CONDITIONAL_INPUT = Rule(
    "FLOW202", "conditional-input", _WARNING, "a step reads a name that may be unbound"
)
DELETED_INPUT = Rule("FLOW203", "deleted-input", _ERROR, "a step reads a name that was deleted")
READ_BEFORE_BINDING = Rule(
    "FLOW204", "read-before-binding", _ERROR, "a name is read before the cell that binds it"
)
MUTATED_INPUT = Rule(
    "FLOW205", "mutated-input", _HINT, "a step may change a value that a later step reads"
)
STAR_IMPORT = Rule(
    "FLOW206", "star-import", _WARNING, "an import binds names that the text does not show"
)
DYNAMIC_NAME = Rule(
    "FLOW207", "dynamic-name", _ERROR, "names are read or bound by text at run time"
)
EFFECT_IN_SHARED_CELL = Rule(
    "FLOW208", "effect-in-shared-cell", _WARNING, "a shared cell does more than define"
)
HISTORY_VARIABLE = Rule(
    "FLOW209", "history-variable", _ERROR, "a cell reads the notebook's history"
)
UNRESOLVED_PATH = Rule(
    "FLOW210", "unresolved-path", _WARNING, "the text does not tell which file is meant"
)
FILE_DEPENDENCY = Rule(
    "FLOW211", "file-dependency", _WARNING, "a step may depend on a file another step writes"
)
PROCESS_IDENTITY = Rule(
    "FLOW212", "process-identity", _ERROR, "a value means something in one process only"
)
CONTROL_FLOW_EXIT = Rule("FLOW213", "control-flow-exit", _ERROR, "a cell may end the whole program")
MONKEY_PATCH = Rule(
    "FLOW214", "monkey-patch", _ERROR, "a step changes a module or a class of a library"
)
RAISES_EXCEPTION = Rule("FLOW215", "raises-exception", _ERROR, "a cell is expected to fail halfway")
INTERACTIVE_INPUT = Rule("FLOW216", "interactive-input", _ERROR, "a cell waits for a person")
PROCESS_STATE = Rule(
    "FLOW217", "process-state", _ERROR, "state of the process cannot be carried to a later step"
)
SHARED_NEEDS_STEP = Rule(
    "FLOW218", "shared-needs-step", _ERROR, "a shared cell builds on what a step computes"
)
TEMPORARY_FILE = Rule(
    "FLOW219", "temporary-file", _ERROR, "a temporary file or folder is used by several steps"
)
NOTEBOOK_SHELL = Rule(
    "FLOW220", "notebook-shell", _WARNING, "a cell asks for the notebook's own shell"
)

# The graph
DEPENDENCY_CYCLE = Rule("PIPE301", "dependency-cycle", _ERROR, "steps wait for each other")
INTERLEAVED_STEP = Rule(
    "PIPE302", "interleaved-step", _ERROR, "the cells of a step cannot be put together"
)
EMPTY_STEP = Rule("PIPE303", "empty-step", _WARNING, "a step has no statement")
UNUSED_PARAMETER = Rule("PIPE304", "unused-parameter", _HINT, "no step reads a parameter")

# Distributions
UNKNOWN_DISTRIBUTION = Rule(
    "ENV401", "unknown-distribution", _ERROR, "no distribution is known for an import"
)
UNSATISFIABLE_REQUIREMENTS = Rule(
    "ENV402", "unsatisfiable-requirements", _ERROR, "the requirements of a step exclude each other"
)
LOCAL_MODULE = Rule("ENV403", "local-module", _ERROR, "a local module cannot be taken along")
KERNEL_DIFFERS = Rule(
    "ENV404", "kernel-differs", _WARNING, "the kernel's distributions are not those locked"
)

# Artifacts
UNSERIALIZABLE_OUTPUT = Rule(
    "ART501", "unserializable-output", _ERROR, "a value cannot travel to another step"
)
PICKLED_OUTPUT = Rule("ART502", "pickled-output", _HINT, "a value travels as a pickle")
PATH_OUTSIDE_WORKSPACE = Rule(
    "ART503", "path-outside-workspace", _WARNING, "a file lies outside the workspace"
)
MISSING_FILE = Rule("ART504", "missing-file", _WARNING, "a file that a step reads is not there")

# Exports
UNSUPPORTED_BY_TARGET = Rule(
    "EXP601", "unsupported-by-target", _ERROR, "the target cannot do what the pipeline asks"
)
LOSSY_EXPORT = Rule("EXP602", "lossy-export", _WARNING, "the target leaves an option out")

# Runs
STEP_FAILED = Rule("RUN701", "step-failed", _ERROR, "a step ended with an error")
MISSING_OUTPUT = Rule("RUN702", "missing-output", _ERROR, "a step ended without an output")
NONDETERMINISTIC_OUTPUT = Rule(
    "RUN703", "nondeterministic-output", _WARNING, "a step gives other results each time"
)


def all_rules() -> tuple[Rule, ...]:
    """Return every rule, by group in the order of the work, then by code."""
    return tuple(sorted(_by_code().values(), key=lambda rule: (int(rule.code[-3:]), rule.code)))


def find_rule(key: str) -> Rule:
    """Return the rule of that code (in any case) or name.

    Raises:
        UsageError: there is none.
    """
    by_code = _by_code()
    if key.upper() in by_code:
        return by_code[key.upper()]
    named = [rule for rule in by_code.values() if rule.name == key.lower()]
    if not named:
        raise UsageError(
            f"no rule `{key}`", hint="`cellwright explain` without a name lists the rules"
        )
    return named[0]


@cache
def _by_code() -> Mapping[str, Rule]:
    rules = [value for value in globals().values() if isinstance(value, Rule)]
    return MappingProxyType({rule.code: rule for rule in rules})
