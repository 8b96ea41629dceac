"""The status page: what the controller knows about its environments, for people with a browser.

It reads what its owner hands it (`Sources`), asks no server for anything, and changes nothing. So it works on a standby
too, and while the API server is away.
"""

from controller.statuspage.page import StatusPage
from controller.statuspage.sources import CacheState, Process, QueueState, Sources
from controller.statuspage.timeline import Timeline

__all__ = ["CacheState", "Process", "QueueState", "Sources", "StatusPage", "Timeline"]
