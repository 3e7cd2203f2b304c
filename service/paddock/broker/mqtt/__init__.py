"""MQTT 3.1.1 and 5, bytes and packets, without sockets: what a server reads and writes.

Names and numbers in brackets are those of the standards' statements (OASIS MQTT 3.1.1 and 5.0).
"""
