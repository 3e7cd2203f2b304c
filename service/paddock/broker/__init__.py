"""The MQTT endpoint: devices send here. It appends to the device log, acknowledges, and does nothing else."""
