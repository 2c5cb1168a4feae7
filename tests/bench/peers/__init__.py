"""Programs that a homelab could ask the same question instead: which of the services that I expect are not well?

``peer`` says what a peer is, ``given`` what peers are told of a fleet, ``install`` where they come from; then one
module per peer, and ``ours``.
"""
