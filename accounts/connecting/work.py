"""What the worker does for people who connect accounts."""


def connect_next() -> bool:
    """Go on with the next request. False where none waits."""
    return False
