"""Which environments may have a namespace, where their number is limited, and in which order the others get one.

`ledger` decides, without a lock or a clock. `places` keeps one ledger current from the caches, for all workers.
`reconciler` reports to it how each reconcile ended. The phase `admission` asks, by the effect `TakePlace`.
"""
