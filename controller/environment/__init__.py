"""The one kind we reconcile: observe (caches) → decide (pure, phase by phase) → apply (effects) → status."""
