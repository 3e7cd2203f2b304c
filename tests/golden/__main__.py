"""``python -m tests.golden``: take what the outputs are now, where every change of one has another number.

Where only the golden logs or the way to hash changed, remove ``golden.json`` first, in a commit that changes no
output.
"""

from __future__ import annotations

import sys

from tests.golden.golden import FILE, problems, read, write
from tests.golden.outputs import make


def main() -> int:
    """The exit code: 1 when a number has to be raised first."""
    made = make()
    found = problems(read() if FILE.exists() else {}, made)
    refused = [problem.message for problem in found if not problem.can_be_taken]
    if refused:
        print(*refused, sep="\n", file=sys.stderr)
        return 1
    write(made)
    print(*(problem.message for problem in found), f"{len(made)} outputs are in {FILE.name}.", sep="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
