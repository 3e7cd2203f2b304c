"""An alert while there is no good backup, which ends by itself once there is one."""

from __future__ import annotations

from paddock.domain.alerts import AlertSource, Raising, Severity
from paddock.usecases.alerts.alerts import clear_alert, find_open, raise_alert
from paddock.usecases.backup.state import backup_state
from paddock.usecases.context import Context
from paddock.usecases.notices.outbox import BACKUP_KEY


async def sweep_backup_alert(context: Context) -> None:
    """Look at the backups once more; an alert that is open is not raised again."""
    warning = (await backup_state(context)).warning
    is_open = await find_open(context, BACKUP_KEY) is not None
    if warning and not is_open:
        raising = Raising(key=BACKUP_KEY, text=warning, severity=Severity.WARNING, source=AlertSource.PADDOCK)
        await raise_alert(context, raising)
    elif is_open and not warning:
        await clear_alert(context, BACKUP_KEY)
