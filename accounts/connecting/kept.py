"""What a request keeps in secret until it ends: the code of a login, then tokens."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

from core.redaction import remember
from core.secret import Secret


@dataclass(frozen=True)
class Kept:
    """The inside of `ConnectionRequest.secret`.

    Args:
        code: what the login dialog sent back; good for one use.
        token: of the person or the account; exchanged for a lasting one as soon as that can be done.
        lasts_until: when that token ends, as Meta told when it was issued (ISO 8601); empty where it did not tell.
        permissions: what came along with it, where Meta tells it there.
        app: the public id of the app that the token is for, where a person named it or Meta told it.
        by_system_user: whether it is a system user's, whose Page tokens say nothing of that themselves.
        tokens: by key of what was found, the token that speaks for it.
    """

    code: str = field(default="", repr=False)
    token: str = field(default="", repr=False)
    lasts_until: str = ""
    permissions: tuple[str, ...] = ()
    app: str = ""
    by_system_user: bool = False
    tokens: Mapping[str, str] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        # Read out of a longer secret, each of them has to be known by itself to be kept out of logs.
        for text in (self.code, self.token, *self.tokens.values()):
            remember(text)

    @classmethod
    def read(cls, secret: Secret) -> "Kept":
        text = secret.reveal()
        values = json.loads(text) if text else {}
        return cls(**values | {"permissions": tuple(values.get("permissions", ()))})

    def written(self) -> str:
        return json.dumps(asdict(self))
