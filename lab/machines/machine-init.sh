#!/bin/sh
# Copyright: (c) 2026, the mothership.hcp authors
# SPDX-License-Identifier: GPL-3.0-or-later
#
# First process of a lab machine. On cgroup v2 the container's cgroup namespace is enough and this only starts systemd.
# On cgroup v1 machines would share two kinds of hierarchy, and the kubelet of one machine would then delete the pods of
# another:
#   - name=systemd, which podman's systemd mode binds from the host over the machine's own;
#   - every controller that the host has not mounted (often hugetlb, net_cls, perf_event): systemd mounts those itself,
#     at their root.
# So: take the bind away, step into a child of each unmounted hierarchy, and only then enter a new cgroup namespace.
# Whatever systemd mounts afterwards starts at that child.
set -u
cgroups=/sys/fs/cgroup
[ -e "$cgroups/cgroup.controllers" ] && exec /sbin/init

for shared in "$cgroups/systemd/release_agent" "$cgroups/systemd"; do
  if [ -e "$cgroups/systemd/release_agent" ]; then
    umount "$shared" || echo "machine-init: $shared stays mounted" >&2
  fi
done

stage=/run/machine-init
mkdir -p "$stage"
while read -r controller _ _ enabled; do
  case $controller in '#'*) continue ;; net_cls | net_prio) options=net_cls,net_prio ;; *) options=$controller ;; esac
  [ "$enabled" = 1 ] || continue
  grep -Eq " $cgroups/([a-z_]+,)*$controller(,[a-z_]+)* " /proc/self/mounts && continue
  mount -t cgroup -o "$options" machine-init "$stage" 2>/dev/null || continue
  child="$stage/machine-$(hostname)"
  mkdir -p "$child"
  # A machine of this name that was killed leaves its (empty) cgroups behind: the kernel's number of them is limited.
  find "$child" -mindepth 1 -depth -type d -exec rmdir {} \; 2>/dev/null
  echo $$ >"$child/cgroup.procs"
  umount "$stage"
done </proc/cgroups
rmdir "$stage" 2>/dev/null

exec unshare --cgroup /sbin/init
