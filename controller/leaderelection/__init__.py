"""One leader among several processes, by a Lease that the leader keeps renewing.

`elector` competes, renews and releases; `record` is the Lease's content; `observation` judges whether somebody else's
lease still holds, by this machine's own clock alone. What makes it safe is `LeaderElector.is_leader_now`: it is
computed from the clock, every write is gated on it, and so it turns false in time even if the renewing thread is stuck.
"""

from controller.leaderelection.config import LeaderElectionConfig
from controller.leaderelection.elector import LeaderElector

__all__ = ["LeaderElectionConfig", "LeaderElector"]
