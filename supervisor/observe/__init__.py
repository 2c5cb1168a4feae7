"""The observer, a process of its own: it looks at what runs here, writes world documents, and changes nothing.

The supervisor's floors never import it; the world folder is all the two have in common. ``sighting``, ``containers``,
``units``, ``identity`` and ``document`` only compute; ``sources`` and ``reach`` ask, ``asking`` asks all of them at
once; ``observer`` makes one look and writes; ``service`` waits.
"""
