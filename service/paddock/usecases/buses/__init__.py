"""CAN databases: added by the team, and which of them decodes which recording."""
