from __future__ import annotations

import random
import struct

import pytest

from paddock.readers.mcap.events import Indexes
from paddock.readers.mcap.message_heads import index_offsets


@pytest.mark.parametrize("most", [2, 100], ids=["few in a record", "many in a record"])
def test_the_offsets_of_all_index_records(most: int) -> None:
    for seed in range(50):
        chosen = random.Random(seed)
        data, entries, offsets = b"", [], []
        for count in [most, *(chosen.randrange(most + 1) for _ in range(chosen.randrange(6))), 0]:
            data += chosen.randbytes(chosen.randrange(1, 20))
            entries.append((len(data), count))
            for _ in range(count):
                offsets.append(chosen.randrange(1 << 62))
                data += struct.pack("<QQ", chosen.randrange(1 << 62), offsets[-1])
        assert index_offsets(Indexes(data, entries)).tolist() == offsets, seed
