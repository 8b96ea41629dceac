"""Role-based access control: who may do what, by the roles and bindings that are stored.

Evaluation is pure: `rules` matches one rule with one request, `policy` indexes roles and bindings by subject,
`authorizer` decides, `escalation` compares rights. `feed` keeps the index up with the store, `guard` refuses writes of
roles and bindings that would hand out more than the writer has, `bootstrap` makes the roles every cluster starts with.

Source of behaviour and texts: kubernetes, plugin/pkg/auth/authorizer/rbac and pkg/registry/rbac.
"""
