#!/bin/sh
# Build the image with the first builder that works here.
# IMAGE names the image, TARGET is a stage of the Containerfile, and all arguments go to the builder.
set -eu
cd "$(dirname "$0")/../.."

version=$(sed -n 's/^version = //p' setup.cfg)
image=${IMAGE:-tronador:$version}
target=${TARGET:-tronador}

for builder in docker podman buildah; do
    if "$builder" info >/dev/null 2>&1; then
        echo "Building $image with $builder"
        exec "$builder" build --file hack/image/Containerfile --target "$target" --tag "$image" \
            --build-arg "VERSION=$version" --build-arg "REVISION=$(git rev-parse HEAD 2>/dev/null || echo unknown)" "$@" .
    fi
done
echo "make image needs docker (with its engine running), podman or buildah. On Debian: apt-get install buildah" >&2
exit 1
