"""The observer, a process of its own: it looks at what runs here, writes world documents, and changes nothing.

The supervisor's floors never import it; the world folder is all the two have in common. ``sighting``, ``containers``,
``identity`` and ``document`` are pure; ``engine``, ``units`` and ``reach`` ask; ``observer`` looks at all and writes;
``service`` waits.
"""
