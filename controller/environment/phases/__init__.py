"""One module for each phase: a pure function from an Observation to a Decision. `decide` knows their order."""
