"""Constants and typed read views of the kinds we own or write; nothing here does I/O."""
