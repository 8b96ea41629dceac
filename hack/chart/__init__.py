"""What `manifests/chart` takes from elsewhere: the other manifests, the options of `tronador run`, the version.

A test compares what is written here with what the repository has.
"""
