"""Desired state: ``hosts/<node>/services.yaml``.

People write these files, so an error of one service (or of ``node:``) costs that part alone, and a file that cannot be
used costs its own node's services alone. ``load`` reads the folder, ``services_file`` one file with the ``values`` in
it; ``create`` writes a node's first file.
"""
