"""Access tokens that can be written down without asking Meta."""


def app_access_token(app_id: str, app_secret: str) -> str:
    """The app's own token, for its subscriptions and for inspecting other tokens. It contains the secret.

    Source: Meta, Access tokens guide, "App access tokens".
    """
    return f"{app_id}|{app_secret}"
