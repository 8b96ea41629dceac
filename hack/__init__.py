"""What developers run: the test bed's programs and the demonstration. Never imported by the product."""
