"""How the program that records is started and stopped: one file per kind of program."""
