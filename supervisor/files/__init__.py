"""The floor that reads and writes: one module per kind of file, unaware of one another.

``reading`` gets bytes safely, ``yamltree`` and ``jsontext`` make values with places of them, ``names`` tells which
names are legal, ``trees`` which files of the two input folders matter. ``settings``, ``inventory`` and ``world`` are
the readers, ``eventlog`` and ``checkpoint`` the outputs on top of ``atomic``. Nothing here waits for anything but a
file.
"""
