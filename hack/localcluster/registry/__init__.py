"""Resources and what may be done to their objects: the table of kinds, their strategies, and the write paths."""
