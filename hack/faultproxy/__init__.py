"""An HTTP proxy that stands in front of any API server and lets things go wrong on the way, as told."""
