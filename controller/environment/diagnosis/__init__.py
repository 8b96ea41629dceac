"""Why an environment does not run, from the Pods and the Warning Events of its namespace. Pure: `problems.find`.

`pods` and `events` turn objects into findings, with `containers`, `images` and `volumes` for the parts of a Pod.
`workloads` names who owns an object. `wording` makes the words of others fit for a status: the same at each look,
bounded, and without secrets.
"""
