"""The write-ahead log of everything that devices send.

What is in it is on the disk before anybody says that it was received; who does something with it reads it from
there. Any number of processes append (the site, the MQTT endpoint), any number read; each may be killed at any
moment.
"""
