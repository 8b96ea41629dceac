"""Writes docs/reference.md from the code: options, commands, metrics, reasons, annotations, and fields."""
