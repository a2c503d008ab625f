"""Owns the environment variables that a step sees: pins that make runs repeat, and what
little of this machine's environment goes through."""

import os
from collections.abc import Mapping

PINS: Mapping[str, str] = {
    # Order of string sets, and of what is built from them.
    "PYTHONHASHSEED": "0",
    # Sums depend on how many threads share them: a constant, not what the machine has.
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "BLIS_NUM_THREADS": "1",
    "VECLIB_MAXIMUM_THREADS": "1",
    "NUMEXPR_NUM_THREADS": "1",
    "POLARS_MAX_THREADS": "1",
    "RAYON_NUM_THREADS": "1",
    "TZ": "UTC",
    "LANG": "C.UTF-8",
    "LC_ALL": "C.UTF-8",
    "PYTHONUTF8": "1",
    "PYTHONIOENCODING": "utf-8",
    # The time that archives and figures carry: 1980, the first that a zip file can hold.
    "SOURCE_DATE_EPOCH": "315532800",
    "MPLBACKEND": "Agg",
    # Compiled modules are made with the environment; a step must not write beside them.
    "PYTHONDONTWRITEBYTECODE": "1",
    "PYTHONUNBUFFERED": "1",
    "PYTHONNOUSERSITE": "1",
}
"""What every step sees, whoever runs it; a step's own `environment` option wins."""

_PASSED = (
    "HOME",
    "USER",
    "LOGNAME",
    "SHELL",
    "TMPDIR",
    "LD_LIBRARY_PATH",
    "DYLD_LIBRARY_PATH",
    "JAVA_HOME",
    "CUDA_VISIBLE_DEVICES",
    "NVIDIA_VISIBLE_DEVICES",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "REQUESTS_CA_BUNDLE",
    "CURL_CA_BUNDLE",
)
_PASSED_IN_ANY_CASE = ("http_proxy", "https_proxy", "ftp_proxy", "all_proxy", "no_proxy")


def passed_through(environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Return what a step that runs on this machine itself may see of its environment.

    An allow-list: a key for some service in the shell that started Cellwright is no
    business of a notebook's step unless the step names it as a secret.
    """
    return {
        name: text
        for name, text in environ.items()
        if name in _PASSED or name.lower() in _PASSED_IN_ANY_CASE
    }
