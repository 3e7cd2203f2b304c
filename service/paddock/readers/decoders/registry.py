"""Which decoder a channel gets."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache
from types import ModuleType

import paddock.readers.decoders
from paddock.columns.containment import contained
from paddock.columns.limits import Limits, OverLimit, count_fields
from paddock.readers.decoders.decoded import Decoder, Undecodable
from paddock.readers.decoders.raw import RawDecoder
from paddock.readers.decoders.schema import Schema


@cache
def _modules() -> dict[str, ModuleType]:
    found = {}
    for info in pkgutil.iter_modules(paddock.readers.decoders.__path__):
        module = importlib.import_module(f"{paddock.readers.decoders.__name__}.{info.name}")
        if hasattr(module, "ENCODING"):
            found[module.ENCODING] = module
    return found


def find_decoder(message_encoding: str, schema: Schema | None, limits: Limits) -> Decoder:
    """The decoder of a channel. Payloads that no module knows, or one fails at, are kept as bytes, and named."""
    module = _modules().get(message_encoding)
    if module is None:
        return RawDecoder(f"({message_encoding or 'no encoding'}) is not decoded, its messages are kept as bytes")
    try:
        decoder: Decoder = module.decoder(schema, limits)
        limits.take_fields(count_fields(decoder.fields))
    except (Undecodable, OverLimit) as error:
        return RawDecoder(f"is kept as bytes: {error}")
    except BaseException as error:
        return RawDecoder(f"is kept as bytes: its schema cannot be used ({contained(error)})")
    return decoder
