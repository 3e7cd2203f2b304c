"""What the benchmark runs beside Paddock, each in a process of its own.

python -m tests.benchmarks.contestants generate SHAPES MESSAGES
python -m tests.benchmarks.contestants official LOG TARGET
python -m tests.benchmarks.contestants floor LOG TARGET
"""

from __future__ import annotations

import sys
from collections import defaultdict
from pathlib import Path
from typing import Any


def generate(shapes: str, messages: str) -> None:
    """Make a log, unless it is there, and print its path."""
    from tests.benchmarks.generated_log import generated_log

    print(generated_log(shapes, int(messages)))


def official(log: str, target: str) -> None:
    """Log → .mat as the documentation of mcap has it: decode message by message, lists, scipy."""
    import scipy.io
    from mcap.decoder import DecoderFactory as Factory
    from mcap.reader import make_reader
    from mcap_protobuf.decoder import DecoderFactory

    class Json(Factory):
        def decoder_for(self, message_encoding: str, schema: Any) -> Any:
            import json

            return json.loads if message_encoding == "json" else None

    topics: dict[str, dict[str, list[Any]]] = defaultdict(lambda: defaultdict(list))
    with Path(log).open("rb") as file:
        reader = make_reader(file, decoder_factories=[DecoderFactory(), Json()])
        for _, channel, message, decoded in reader.iter_decoded_messages():
            columns = topics[channel.topic]
            columns["t"].append(message.log_time)
            if isinstance(decoded, dict):
                _flatten_json(decoded, columns, "")
            else:
                _flatten(decoded, columns, "")
    scipy.io.savemat(target, {name: dict(columns) for name, columns in topics.items()}, long_field_names=True)


def _flatten(message: Any, columns: dict[str, list[Any]], prefix: str) -> None:
    for field in message.DESCRIPTOR.fields:
        value = getattr(message, field.name)
        if field.is_repeated and field.message_type is not None:
            columns[prefix + field.name].append(_text(message, field.name))
        elif field.is_repeated:
            columns[prefix + field.name].append(list(value))
        elif field.message_type is not None:
            _flatten(value, columns, f"{prefix}{field.name}_")
        else:
            columns[prefix + field.name].append(value)


def _text(message: Any, name: str) -> str:
    """Messages in a list or a map as JSON: they are no columns."""
    import json

    from google.protobuf.json_format import MessageToDict

    return json.dumps(MessageToDict(message, preserving_proto_field_name=True).get(name))


def _flatten_json(value: dict[str, Any], columns: dict[str, list[Any]], prefix: str) -> None:
    for name, each in value.items():
        if isinstance(each, dict):
            _flatten_json(each, columns, f"{prefix}{name}_")
        else:
            # MATLAB has no null.
            columns[prefix + name].append(float("nan") if each is None else each)


def floor(log: str, target: str) -> None:
    """Read the file, decompress every chunk, write the same bytes: nothing that converts can be faster."""
    import struct

    import zstandard

    decompressor = zstandard.ZstdDecompressor()
    with Path(log).open("rb") as file, Path(target).open("wb") as out:
        out.write(file.read(8))
        while len(prefix := file.read(9)) == 9:
            opcode, length = struct.unpack("<BQ", prefix)
            content = file.read(length)
            if opcode != 6:
                out.write(content)
                continue
            (name_size,) = struct.unpack_from("<I", content, 28)
            out.write(decompressor.decompress(memoryview(content)[40 + name_size :]))


if __name__ == "__main__":
    {"generate": generate, "official": official, "floor": floor}[sys.argv[1]](*sys.argv[2:])
