"""Owns the state of libraries: how it is taken and set; each is called with it loaded."""

import sys
import warnings
from typing import Any

_LETTERS, _MAP = "letters of colours", "map of colours"
"""Stand among the settings of matplotlib, whose own names have no blanks."""


def take_random() -> Any:
    """Return the state of the generator behind `random.random`."""
    return sys.modules["random"].getstate()


def put_random(state: Any) -> None:
    """Set the generator behind `random.random`."""
    sys.modules["random"].setstate(state)


def take_numpy_random() -> Any:
    """Return the state of the generator behind `numpy.random.rand`."""
    state = sys.modules["numpy.random"].get_state(legacy=False)
    inner = dict(state["state"])
    inner["key"] = inner["key"].tolist() if "key" in inner else None
    return {**state, "state": inner}


def put_numpy_random(state: Any) -> None:
    """Set the generator behind `numpy.random.rand`."""
    import numpy as np

    inner = dict(state["state"])
    if inner["key"] is None:
        del inner["key"]
    else:
        inner["key"] = np.array(inner["key"], np.uint32)
    np.random.set_state({**state, "state": inner})  # noqa: NPY002  # it is what the cells use


def take_torch() -> Any:
    """Return the state of the generator behind `torch.rand`, that of the processor."""
    return sys.modules["torch"].get_rng_state().numpy().tobytes()


def put_torch(state: Any) -> None:
    """Set the generator behind `torch.rand`."""
    torch = sys.modules["torch"]
    torch.set_rng_state(torch.frombuffer(bytearray(state), dtype=torch.uint8))


def take_errstate() -> Any:
    """Return what numpy does on errors."""
    numpy = sys.modules["numpy"]
    return {
        "err": numpy.geterr(),
        "call": numpy.geterrcall(),
        "buffer": numpy.getbufsize(),
    }


def put_errstate(state: Any) -> None:
    """Set what numpy does on errors."""
    numpy = sys.modules["numpy"]
    numpy.seterrcall(state["call"])
    numpy.seterr(**state["err"])
    numpy.setbufsize(state["buffer"])


def take_printoptions() -> Any:
    """Return how numpy prints."""
    return sys.modules["numpy"].get_printoptions()


def put_printoptions(options: Any) -> None:
    """Set how numpy prints."""
    numpy = sys.modules["numpy"]
    known = numpy.get_printoptions()
    numpy.set_printoptions(**{key: v for key, v in options.items() if key in known})


_KERNEL_SAYS = "Trio's signal handling code"


def take_warnings() -> Any:
    """Return the filters of warnings, the first that counts first.

    Those are left out that a notebook's kernel sets for itself before the first cell.
    """
    return [each for each in warnings.filters if not _is_of_the_kernel(each)]


def _is_of_the_kernel(filtering: Any) -> bool:
    _, message, category, *_ = filtering
    pattern = getattr(message, "pattern", None) or ""
    return category.__module__.startswith("IPython.") or _KERNEL_SAYS in pattern


def put_warnings(filters: Any) -> None:
    """Set the filters of warnings."""
    warnings.resetwarnings()  # makes Python forget what it decided by the old ones
    warnings.filters[:] = filters  # type: ignore[index]


def take_pandas() -> Any:
    """Return the options of pandas that differ from their defaults."""
    config = sys.modules["pandas"]._config.config
    found = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for key, option in sorted(config._registered_options.items()):
            value = config.get_option(key)
            if not _equal(value, option.defval):
                found[key] = value
    return found


def put_pandas(options: Any) -> None:
    """Set the options of pandas: those named, and all others to their defaults."""
    config = sys.modules["pandas"]._config.config
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for key, option in sorted(config._registered_options.items()):
            wanted = options.get(key, option.defval)
            if not _equal(config.get_option(key), wanted):
                config.set_option(key, wanted)


def take_matplotlib() -> Any:
    """Return the settings of matplotlib, all but those of the backend, which is the runtime's.

    What its letters for colours mean (`g`) is no setting, yet seaborn's themes change it;
    and a setting may name a map of colours that a library has registered.
    """
    params = sys.modules["matplotlib"].rcParams
    own = {"interactive", *(key for key in params if "backend" in key)}
    found = {key: dict.__getitem__(params, key) for key in sorted(params.keys() - own)}
    colors = sys.modules["matplotlib.colors"].colorConverter.colors
    found[_LETTERS] = {letter: tuple(colors[letter]) for letter in "bgrcmyk"}
    maps = sys.modules["matplotlib"].colormaps
    wanted = found["image.cmap"]
    if wanted in maps and wanted not in getattr(maps, "_builtin_cmaps", ()):
        found[_MAP] = maps[wanted]
    return found


def put_matplotlib(settings: Any) -> None:
    """Set the settings of matplotlib."""
    params = sys.modules["matplotlib"].rcParams
    converter = sys.modules["matplotlib.colors"].colorConverter
    letters = {letter: tuple(color) for letter, color in settings.get(_LETTERS, {}).items()}
    if any(tuple(converter.colors[letter]) != letters[letter] for letter in letters):
        converter.colors.update(letters)
        converter.cache.clear()
    maps = sys.modules["matplotlib"].colormaps
    if _MAP in settings and settings["image.cmap"] not in maps:
        maps.register(settings[_MAP], name=settings["image.cmap"])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for key, value in settings.items():
            if key in params and not _equal(dict.__getitem__(params, key), value):
                params[key] = value


def take_sklearn() -> Any:
    """Return the configuration of scikit-learn."""
    return sys.modules["sklearn"].get_config()


def put_sklearn(config: Any) -> None:
    """Set the configuration of scikit-learn."""
    known = sys.modules["sklearn"].get_config()
    sys.modules["sklearn"].set_config(**{key: v for key, v in config.items() if key in known})


def take_decimal() -> Any:
    """Return the context of decimal arithmetic."""
    context = sys.modules["decimal"].getcontext()
    return {
        "prec": context.prec,
        "rounding": context.rounding,
        "Emin": context.Emin,
        "Emax": context.Emax,
        "capitals": context.capitals,
        "clamp": context.clamp,
        "flags": [signal.__name__ for signal, raised in context.flags.items() if raised],
        "traps": [signal.__name__ for signal, trapped in context.traps.items() if trapped],
    }


def put_decimal(state: Any) -> None:
    """Set the context of decimal arithmetic."""
    decimal = sys.modules["decimal"]
    signals = {key: [getattr(decimal, name) for name in state[key]] for key in ("flags", "traps")}
    decimal.setcontext(decimal.Context(**{**state, **signals}))


def take_locale() -> Any:
    """Return the locale of each category."""
    locale = sys.modules["locale"]
    return {
        name: locale.setlocale(getattr(locale, name))
        for name in ("LC_CTYPE", "LC_COLLATE", "LC_MONETARY", "LC_NUMERIC", "LC_TIME")
    }


def put_locale(state: Any) -> None:
    """Set the locale of each category."""
    locale = sys.modules["locale"]
    for name, value in state.items():
        locale.setlocale(getattr(locale, name), value)


def _equal(one: Any, other: Any) -> bool:
    try:
        return type(one) is type(other) and bool(one == other)
    except Exception:  # noqa: BLE001  # values of libraries are compared here
        return False
