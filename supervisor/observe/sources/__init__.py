"""What can be looked at. A new kind of source is a file here and a row in ``KINDS`` (docs/observer.md, at its end).

Where two kinds have something of one name, the kind that stands first in ``KINDS`` counts.
"""

from __future__ import annotations

from supervisor.core.model.desired import DesiredService
from supervisor.observe.sources import engines, systemd
from supervisor.observe.sources.source import SourceKind

KINDS: tuple[SourceKind, ...] = (engines.KIND, systemd.KIND)


def kind_of(source: str) -> SourceKind | None:
    """The kind of a source by its name; None for a source that an older or a newer observer had."""
    return next((kind for kind in KINDS if kind.owns(source)), None)


def named(service: DesiredService, kind: SourceKind) -> str | None:
    """What a service of the inventory names by the key of this kind, as it is written there."""
    name: str | None = getattr(service, kind.key, None)
    return name


def could_have(source: str, service: DesiredService) -> bool:
    """Could this source have what the service is? One that names something is that and nothing else."""
    naming = [kind for kind in KINDS if named(service, kind) is not None]
    kind = kind_of(source)
    if kind is None:
        return False
    return kind in naming if naming else kind.could_have(service)
