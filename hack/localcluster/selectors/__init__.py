"""Label and field selectors: parsing with the server's error texts, and matching."""
