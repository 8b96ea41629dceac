"""What the tests of a bad network share."""
