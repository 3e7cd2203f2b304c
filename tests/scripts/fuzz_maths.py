"""Random texts to the language of maths channels: parsed, or refused with a place, and never slow.

python -m tests.scripts.fuzz_maths [texts] [seed]
"""

from __future__ import annotations

import random
import sys
import time

from paddock.domain.maths_language.checking import Quantity, Shape, check
from paddock.domain.maths_language.fault import Fault
from paddock.domain.maths_language.parser import parse
from tests.domain.maths_language.texts import by_chance

LONGEST_S = 0.010


def main(texts: int = 100_000, seed: int = 0) -> int:
    """Returns how many texts were neither parsed nor refused with a place in them."""
    chance = random.Random(seed)
    wrong = parsed = 0
    slowest = [(0.0, "")]
    began = time.monotonic()
    for _ in range(texts):
        text = by_chance(chance)
        start = time.thread_time()
        try:
            check(parse(text).tree, lambda _: Quantity(Shape.LINE))
            parsed += 1
        except Fault as fault:
            placed = 0 <= fault.span.start <= fault.span.end <= len(text)
            if not placed or not fault.message.endswith((".", "?", ")")):
                wrong += 1
                print(f"{text!r}: {fault.span} {fault.message}")
        except Exception as error:
            wrong += 1
            print(f"{text!r}: {type(error).__name__}: {error}")
        slowest = sorted([*slowest, (time.thread_time() - start, text)])[-5:]
    print(f"{texts:,} texts in {time.monotonic() - began:.0f} s: {parsed:,} parsed, {wrong} wrong")
    for took, text in slowest:
        print(f"{took * 1000:.1f} ms for {len(text):,} characters: {text[:60]!r}")
    return wrong + (slowest[-1][0] > LONGEST_S)


if __name__ == "__main__":
    sys.exit(bool(main(*map(int, sys.argv[1:]))))
