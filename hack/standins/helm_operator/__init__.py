"""The legacy Helm Operator (`helm.fluxcd.io/v1`) as its users see it: the same states, messages, order and traps.

`sync` is one run over a HelmRelease, `operator` what starts such runs. `status` is the vocabulary, `decision` the
choice between install, upgrade and nothing: both pure. `charts` fetches charts, `values` composes their values.
"""
