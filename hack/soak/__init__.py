"""Hours of random life: people, engines and faults, while rules are checked from watches. See the README."""
