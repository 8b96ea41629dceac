"""Measurements of the real controller, as a program, against the local cluster. See the README."""
