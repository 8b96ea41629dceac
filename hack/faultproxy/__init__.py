"""An HTTP proxy in front of an API server that injects faults according to rules."""
