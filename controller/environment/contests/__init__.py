"""What others undo or overwrite: how often we correct it, and what we say about it.

- `attempts`: what is known of the corrections that were made, as frozen data, and how long to wait before the next one;
- `corrections`: the memory behind it, the only part that changes;
- `comparison`: which fields of an object differ from what a write asked for;
- `managers`: whose a field is, by the managedFields of a live object;
- `reports`: the sentences for people;
- `pacing`: takes out of a plan what has to wait.
"""
