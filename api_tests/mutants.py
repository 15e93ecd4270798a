"""Change the pure rules one by one and run their tests (`make mutants`); benchmarks/MUTANTS.md gets the count.

mutmut does it, with its settings in pyproject.toml.
"""

import re
import shutil
import subprocess
import sys
from collections import Counter, defaultdict
from datetime import UTC, date, datetime

from api_tests.support.checkout import ROOT
from docs.generate.markdown import code, table

# A change after which a test does not end is noticed too: mutmut allows fifteen times as long.
NOTICED = ("killed", "timeout")
RECORD = ROOT / "benchmarks" / "MUTANTS.md"
# For example service.vocabulary.calendar.x_last_day_of__mutmut_3, or consents.xǁPurposeConsentǁafter_consent__mutmut_1.
_RESULT = re.compile(r"^\s*(?P<module>[\w.]+)\.x(?P<function>[_ǁ]\S+)__mutmut_\d+: (?P<status>[\w ]+)$", re.MULTILINE)
_INTRODUCTION = """\
# Mutants

`make mutants` writes this page. mutmut changes one thing at a time in the pure rules that `[tool.mutmut]` of
`pyproject.toml` names, and runs their tests that need no server. A test that fails kills the mutant. A survivor is a
change that none of these tests noticed: a gap, or a change that means the same. `mutmut show NAME` tells what it is.
"""


def report(results: str, day: date) -> str:
    """Returns the page for the results of mutmut, one line for each mutant."""
    by_module: dict[str, Counter[str]] = defaultdict(Counter)
    survivors: Counter[tuple[str, str]] = Counter()
    for result in _RESULT.finditer(results):
        module, status = result["module"], result["status"]
        by_module[module][status] += 1
        if status not in NOTICED:
            survivors[f"{module}.{result['function'].lstrip('_ǁ').replace('ǁ', '.')}", status] += 1
    if not by_module:
        raise ValueError("mutmut names no mutant")
    mutants = sum(counts.total() for counts in by_module.values())
    rows = [
        (code(module), *map(str, (counts.total(), sum(counts[status] for status in NOTICED))))
        for module, counts in sorted(by_module.items())
    ]
    functions = [(code(name), status, str(number)) for (name, status), number in sorted(survivors.items())]
    return "\n".join(
        [
            _INTRODUCTION,
            f"Of {day}: {survivors.total()} survivors among {mutants} mutants.\n",
            table(("Module", "Mutants", "Noticed"), rows),
            "",
            table(("Function", "Mutants that", "Number"), functions),
            "",
        ]
    )


def main() -> None:
    """Begin anew, so that no result of older tests counts."""
    shutil.rmtree(ROOT / "mutants", ignore_errors=True)
    mutmut = [sys.executable, "-m", "mutmut"]
    subprocess.run([*mutmut, "run", "--max-children", "1"], cwd=ROOT, check=True)
    results = subprocess.run(
        [*mutmut, "results", "--all", "true"], cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True
    )
    RECORD.write_text(report(results.stdout, datetime.now(UTC).date()), encoding="utf-8")
    sys.stdout.write(RECORD.read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
