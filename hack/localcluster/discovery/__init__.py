"""What the server tells about itself: discovery, OpenAPI, version, health."""
