"""The mark that we put on Messenger messages, so that their echo names its dispatch."""

_PREFIX = "countersign:"


def metadata_for(public_id: str) -> str:
    """What goes into `message.metadata` for the dispatch with this public id (Meta, Send API reference, "metadata")."""
    return f"{_PREFIX}{public_id}"


def metadata_of(metadata: str) -> str:
    """The public id of the dispatch that wrote this metadata; "" where it was none of ours."""
    return metadata.removeprefix(_PREFIX) if metadata.startswith(_PREFIX) else ""
