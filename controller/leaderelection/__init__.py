"""Elects one leader among several processes, with a Lease that the leader keeps renewing.

`elector` acquires, renews and releases the Lease; `record` builds its content; `observed_lease` decides, with this
machine's clock alone, whether another process still holds it. Safety rests on `LeaderElector.is_leader_now`: every
write checks it, and it is computed from the clock, so it turns false in time even if the renewing thread is stuck.
"""

from controller.leaderelection.config import LeaderElectionConfig, LeaderElectionOptions, LeaseDurations
from controller.leaderelection.elector import LeaderElector

__all__ = ["LeaderElectionConfig", "LeaderElectionOptions", "LeaderElector", "LeaseDurations"]
