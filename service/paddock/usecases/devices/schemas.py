"""The protobuf schema of what a device sends, registered by people."""

from __future__ import annotations

from google.protobuf.message import DecodeError

from paddock.domain.devices import Device, DeviceFile
from paddock.domain.principal import Principal
from paddock.domain.words import size
from paddock.errors import Rejected
from paddock.readers.decoders.decoded import Undecodable
from paddock.usecases.context import Context
from paddock.usecases.devices.devices import get_device, set_fields
from paddock.usecases.streams.protobuf_payloads import ProtobufPayloads

MAX_SCHEMA_BYTES = 4_000_000


async def keep_schema(
    context: Context, principal: Principal, device_id: str, message: str, content: bytes
) -> Device:
    """Have the binary messages of a device decoded by a schema from now on.

    Args:
        message: the full name of the message type that it sends.
        content: a serialised ``FileDescriptorSet`` that has it, with all that it imports.

    Raises:
        NotFound: there is no such device (code ``no_such_device``).
        Rejected: it is no schema, or has no such type (code ``bad_schema``), or is too large (``too_large``).
    """
    await get_device(context, device_id)
    if len(content) > MAX_SCHEMA_BYTES:
        raise Rejected(f"A schema has at most {size(MAX_SCHEMA_BYTES)}.", code="too_large")
    try:
        ProtobufPayloads(message, content)
    except (Undecodable, DecodeError, TypeError, ValueError) as error:
        raise Rejected(
            f"No messages {message[:200]!r} can be decoded by it ({error}): give the FileDescriptorSet that "
            "`protoc --include_imports --descriptor_set_out` writes, and the full name of the type.",
            code="bad_schema",
        ) from None
    # The bytes first: a device that has a schema can be decoded by it.
    file = DeviceFile(id=f"{device_id}/schema", media_type="application/x-protobuf", content=content)
    await context.documents.device_files.put_many([file])
    return await set_fields(context, principal, device_id, {"schema": message})
