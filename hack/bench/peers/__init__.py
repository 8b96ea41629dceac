"""Programs that do the controller's job in other ways, to compare their cost. They are not meant for use."""
