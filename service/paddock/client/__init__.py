"""A running Paddock, from Python.

::

    from paddock import Client

    with Client("http://127.0.0.1:8080") as paddock:
        for recording in paddock.search("endurance", driver="Adam"):
            seconds, speed = recording.signal("VNData.vn_vel_m_s.x").numpy()
"""

from paddock.client.alert import Alert
from paddock.client.bundle import PendingBundle
from paddock.client.checks import Checked, Checklist
from paddock.client.client import Client
from paddock.client.contents import Change, Channel, Loss, SignalName, SignalSummary, Value
from paddock.client.device import Device, HandedToken, LastValue
from paddock.client.export import PendingExport
from paddock.client.field import MetadataField
from paddock.client.files import Artifact, Attachment, Download, MiscFile
from paddock.client.job import Failure, Job
from paddock.client.laps import Lap, Laps
from paddock.client.maths import MathsChannel
from paddock.client.member import HandedTunnel, Member
from paddock.client.recording import FoundRecording
from paddock.client.setup import SetupComparison, SetupField, SetupSheet
from paddock.client.signals import SignalData, Signals

__all__ = [
    "Alert",
    "Artifact",
    "Attachment",
    "Change",
    "Channel",
    "Checked",
    "Checklist",
    "Client",
    "Device",
    "Download",
    "Failure",
    "FoundRecording",
    "HandedToken",
    "HandedTunnel",
    "Job",
    "Lap",
    "Laps",
    "LastValue",
    "Loss",
    "MathsChannel",
    "Member",
    "MetadataField",
    "MiscFile",
    "PendingBundle",
    "PendingExport",
    "SetupComparison",
    "SetupField",
    "SetupSheet",
    "SignalData",
    "SignalName",
    "SignalSummary",
    "Signals",
    "Value",
]
