#!/bin/sh
# Applies the sample as environment NAME, changed by further arguments of sed: environment.sh NAME [-e EXPRESSION]...
set -eu
name=$1
shift
sed -e "s/stakater-nordmart-inventory-74/$name/" "$@" manifests/samples/environmentprovisioner.yaml | kubectl apply -f -
