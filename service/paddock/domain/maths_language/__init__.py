"""The language of maths channels: text → tree → unit. Parsed by hand, never evaluated as Python.

``parser.parse`` makes a tree of a text or raises ``Fault``, which knows the place in the text; ``checking.check``
finds out what a tree's result is: its kind and unit. ``columns/derived.py`` computes it. Everything is bounded: a
text in length, a tree in depth and in nodes.
"""
