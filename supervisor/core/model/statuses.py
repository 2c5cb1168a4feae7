"""What the status words of a world document mean."""

from __future__ import annotations

from enum import StrEnum
from typing import TypeVar

T = TypeVar("T")


class NodeWord(StrEnum):
    """What a node's status word says."""

    ONLINE = "online"
    OFFLINE = "offline"
    UNOBSERVED = "unobserved"


class ServiceWord(StrEnum):
    """What a service's status word says, before oneshot and the startup grace are looked at."""

    WELL = "well"
    COMPLETED = "completed"
    STARTING = "starting"
    ABSENT = "absent"
    UNOBSERVED = "unobserved"
    UNHEALTHY = "unhealthy"


class DeploymentOutcome(StrEnum):
    """What a deployment's status word says."""

    FAILED = "failed"
    SUCCEEDED = "succeeded"
    UNDER_WAY = "under way"
    IGNORED = "ignored"


def _table(classes: dict[T, str]) -> dict[str, T]:
    return {word: meaning for meaning, words in classes.items() for word in words.split()}


_NODE = _table(
    {
        NodeWord.ONLINE: "online up ok ready reachable active running connected healthy",
        NodeWord.UNOBSERVED: "unknown unavailable",
    }
)
_SERVICE = _table(
    {
        ServiceWord.WELL: "ok healthy running active up online passing ready",
        ServiceWord.COMPLETED: "completed succeeded",
        ServiceWord.STARTING: "starting activating created deploying",
        ServiceWord.ABSENT: "absent removed not-found",
        ServiceWord.UNOBSERVED: "unknown unavailable unreachable",
    }
)
_DEPLOYMENT = _table(
    {
        DeploymentOutcome.FAILED: "failed error timed_out rolled_back",
        DeploymentOutcome.SUCCEEDED: "succeeded success ok completed",
        DeploymentOutcome.UNDER_WAY: "pending queued running in_progress deploying",
    }
)
_RESOLVED = frozenset(["resolved", "closed", "dismissed"])


def node_word(status: str) -> NodeWord:
    """Any word that is not known means offline."""
    return _NODE.get(status.lower(), NodeWord.OFFLINE)


def service_word(status: str) -> ServiceWord:
    """Any word that is not known means unhealthy."""
    return _SERVICE.get(status.lower(), ServiceWord.UNHEALTHY)


def deployment_outcome(status: str) -> DeploymentOutcome:
    """Any word that is not known is ignored."""
    return _DEPLOYMENT.get(status.lower(), DeploymentOutcome.IGNORED)


def incident_resolved(status: str) -> bool:
    """Any word that is not known means unresolved."""
    return status.lower() in _RESOLVED
