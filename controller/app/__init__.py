"""The composition root: options, command line, wiring, signals. The only room that knows all the others."""
