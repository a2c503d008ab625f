"""Step `write` of files-between-steps.ipynb.

Reads: prices (dict).
Writes: file:out/report.json.
"""

import json
from pathlib import Path

REPORT = Path("out/report.json")

# cell 4
REPORT.parent.mkdir(exist_ok=True)
REPORT.write_text(json.dumps({"total": sum(prices.values())}));
