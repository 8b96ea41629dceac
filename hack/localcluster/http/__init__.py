"""HTTP: paths to resources, bodies to objects, objects to answers."""
