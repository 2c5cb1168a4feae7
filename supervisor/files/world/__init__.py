"""Actual state: the documents of the world folder.

A machine writes these files, so an error anywhere in a document makes the whole of it unreadable: half-trust is no
trust. What is wrong in one document costs nothing of another. ``load`` has all of them; ``document`` makes an
observation of each, with the ``reports`` and ``values`` in it; ``places`` finds their lines.
"""
