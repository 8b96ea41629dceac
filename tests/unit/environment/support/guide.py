"""The environment of the workflow guide."""

from __future__ import annotations

GUIDE = """
apiVersion: tronador.stakater.com/v1alpha1
kind: EnvironmentProvisioner
metadata:
  name: stakater-nordmart-inventory-74
  uid: uid-1
spec:
  application:
    release:
      chart:
        git: 'https://github.com/stakater-lab/stakater-nordmart-inventory'
        path: deploy
        ref: run-pipeline
      releaseName: run-pipeline
      values:
        application:
          deployment:
            image:
              repository: nexus.example.com/stakater-nordmart-inventory
              tag: SNAPSHOT-PR-74-6f50ff2f
  namespaceLabels:
    kind: pr
    stakater.com/tenant: veeru
    team: gabbar
"""
