"""Corrections that others undo or overwrite: how often they are repeated, and what users read about them.

- `attempts`: what is known about earlier corrections, as frozen data, and how long to wait before the next one;
- `corrections`: the memory behind it, the only part that changes;
- `bookkeeper`: records each write there, and posts the Events;
- `comparison`: which fields of an object differ from what a write asked for;
- `field_managers`: who owns a field, by the managedFields of a live object;
- `reports`: the sentences for people;
- `pacing`: takes the corrections that have to wait out of a plan.
"""
