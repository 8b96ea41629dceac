"""Strategies of built-in kinds that have rules of their own."""
