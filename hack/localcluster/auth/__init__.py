"""Who is asking: certificates of the server, tokens of its users, and from a request's headers to a user."""

from .authenticator import Authenticator
from .credentials import Credentials
from .users import User

__all__ = ["Authenticator", "Credentials", "User"]
