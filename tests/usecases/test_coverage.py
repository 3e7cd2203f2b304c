from __future__ import annotations

import numpy as np

from paddock.usecases.look.coverage import MOST_PIECES, pieces_of

S = 1_000_000_000


def test_pieces_end_where_a_gap_begins() -> None:
    times = np.array([0, 1, 2, 10, 11, 30]) * S
    assert pieces_of(times, 5 * S) == ((0, 2 * S), (10 * S, 11 * S), (30 * S, 30 * S))
    assert pieces_of(times, 19 * S) == ((0, 30 * S),)
    assert pieces_of(times[:1], S) == ((0, 0),) and pieces_of(times[:0], S) == ()


def test_of_very_many_gaps_the_longest_are_told() -> None:
    times = np.cumsum(np.concatenate([[0], np.full(2_000, 2), [50]])) * S
    pieces = pieces_of(times.astype(np.int64), S)
    assert len(pieces) == MOST_PIECES and pieces[-1] == (4_050 * S, 4_050 * S)
