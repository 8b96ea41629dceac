"""Charts come out of real git repositories, through the real git program."""
