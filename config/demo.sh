#!/bin/sh
# `make run`: the daemon on a copy of the bundled homelab. Arguments: the folder for the copy, the command.
set -eu
scratch=$1
command=$2
here=$(dirname "$0")
rm -rf "$scratch"
mkdir -p "$scratch"
cp -R "$here/homelab/hosts" "$here/homelab/world" "$scratch/"
cd "$scratch"
# The copies' modification time is the time of observation; no observer renews it here, so it may be a day old.
set -- --inventory hosts --world world --event-log agent-events.log --checkpoint checkpoint.json --stale-after 1d
"$command" reconcile --dry-run "$@"
cat <<END

The daemon now watches this copy. In a second terminal, let Traefik fail:

  sed -i '/"traefik": {/s/healthy/unhealthy/' $scratch/world/nodes/nuc.json

and see a recommendation appear below; change "unhealthy" back and it is resolved. Ctrl-C ends it.

END
exec "$command" run "$@"
