"""Step `read` of files-between-steps.ipynb.

Reads: file:out/report.json.
Writes: nothing.
"""

import json
from pathlib import Path

REPORT = Path("out/report.json")

# cell 5
print(json.loads(REPORT.read_text()))
