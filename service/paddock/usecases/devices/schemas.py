"""The protobuf schema of what a device sends, registered by people."""

from __future__ import annotations

from collections.abc import Iterator

from google.protobuf.descriptor_pb2 import DescriptorProto, FileDescriptorSet
from google.protobuf.message import DecodeError

from paddock.domain.devices import Device, DeviceFile
from paddock.domain.principal import Principal
from paddock.domain.words import counted, size
from paddock.errors import NotFound, Rejected
from paddock.ports.documents import Equals
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
        message: the full name of the message type that it sends; empty for the only one that there is.
        content: a serialised ``FileDescriptorSet`` that has it, with all that it imports; empty for the one that
            the device has.

    Raises:
        NotFound: there is no such device (code ``no_such_device``).
        Rejected: it is no schema, or has no such type (code ``bad_schema``), has several and none was said
            (``which_message``), or is too large (``too_large``).
    """
    device = await get_device(context, device_id)
    if not content and device.schema:
        content = (await schema_of(context, device_id)).content
    if len(content) > MAX_SCHEMA_BYTES:
        raise Rejected(f"A schema has at most {size(MAX_SCHEMA_BYTES)}.", code="too_large")
    try:
        message = message.strip() or _only_message(content)
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


async def schema_of(context: Context, device_id: str) -> DeviceFile:
    """The schema of a device, a serialised ``FileDescriptorSet``.

    Raises:
        NotFound: there is no such device (code ``no_such_device``), or it has none (``no_schema``).
    """
    await get_device(context, device_id)
    schema = await context.documents.device_files.get(f"{device_id}/schema")
    if schema is None:
        raise NotFound("This device has no schema: its messages are JSON or MessagePack.", code="no_schema")
    return schema


async def remove_schema(context: Context, principal: Principal, device_id: str) -> Device:
    """Decode what a device sends without a schema from now on.

    Raises:
        NotFound: as ``schema_of``.
    """
    await schema_of(context, device_id)
    # The name first: what says to have a schema has one.
    changed = await set_fields(context, principal, device_id, {"schema": ""})
    await context.documents.device_files.delete([Equals("id", f"{device_id}/schema")])
    return changed


def _only_message(content: bytes) -> str:
    """The message type that no other one in a schema is made of.

    Raises:
        Rejected: there are several, or none (code ``which_message``).
        DecodeError: it is no schema.
    """
    files = FileDescriptorSet.FromString(content).file
    names, parts = set(), set()
    for file in files:
        if file.name.startswith("google/protobuf/"):
            continue
        for message in file.message_type:
            names.add(".".join(filter(None, (file.package, message.name))))
            parts |= set(_types_of(message))
    tops = sorted(names - parts)
    if len(tops) != 1:
        among = f": {', '.join(tops[:20])}" if tops else ""
        raise Rejected(
            f"Say which message type it sends; the schema has {counted(len(tops), 'type')}{among}.",
            code="which_message",
        )
    return tops[0]


def _types_of(message: DescriptorProto) -> Iterator[str]:
    """Full names of the types of its fields, and of those inside it."""
    for field in message.field:
        yield field.type_name.lstrip(".")
    for inner in message.nested_type:
        yield from _types_of(inner)
