"""Authentication: the server's certificates, the users' tokens, and the user of a request."""

from .authenticator import Authenticator
from .credentials import Credentials
from .users import User

__all__ = ["Authenticator", "Credentials", "User"]
