"""Stand-ins for the programs our controller lives beside: each an ordinary client of any Kubernetes API.

They exist because no test can wait for the originals, and because the originals cannot be made to fail when asked.
`helm_operator` behaves as the legacy Helm Operator does and `flux` as Flux's controllers do, traps included;
`engine_double` keeps the same vocabulary but answers at once. `git` and `helm` are what a release engine is made of:
another engine is a package beside these two that uses them, and one subcommand in `__main__`.
"""
