# SPDX-License-Identifier: MIT
# shellcheck shell=sh
#
# Sourced by the other scripts: where things are, how a step shows itself, how
# an artefact enters the cache. Sets TOP, BUILD, VSVM_CACHE and, once image is
# made, ROOT_DIR (see root_key). Changes nothing on its own.

set -eu

TOP=$(cd "$(dirname "$0")/.." && pwd -P)
# shellcheck disable=SC2034 # for the others
BUILD=$TOP/build
VSVM_CACHE=${VSVM_CACHE:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/vsvm}
MIRROR=${MIRROR:-http://deb.debian.org/debian}
V=${V:-0}
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin
export PATH LC_ALL=C.UTF-8

# What the guest is made of. An archive that no longer has one of these gets
# the newest instead, see scripts/guest-packages.
KERNEL_PIN=${KERNEL_PIN:-7.2.12-1~bpo13+1}
IGT_PIN=${IGT_PIN:-2.5-1}

say()  { printf '%s\n' "vsvm: $*" >&2; }
die()  { say "$*"; exit 1; }
key()  { sha256sum | cut -c1-12; }

as_root()
{
	if [ "$(id -u)" = 0 ]; then
		"$@"
	elif command -v sudo >/dev/null; then
		sudo -- "$@"
	else
		die "needs root: run as root or install sudo ($*)"
	fi
}

# The names of the cached artefacts follow from what they are made of.
root_key() { { cat "$TOP/scripts/image" "$TOP/scripts/guest-packages"; echo "$KERNEL_PIN $IGT_PIN${1:+ $1}"; } | key; }
ROOT_DIR=$VSVM_CACHE/root-$(root_key "${EXTRA-}")
boot_key() { { cat "$TOP/scripts/initramfs" "$TOP"/scripts/guest/*; echo "$ROOT_DIR"; } | key; }
# shellcheck disable=SC2034
BOOT_DIR=$VSVM_CACHE/boot-$(boot_key)

# Kernels of our own, scripts/kernel; in-root shows this directory at /lab.
LAB_DIR=$VSVM_CACHE/lab
kernel_key()
{
	{
		cat "$TOP/scripts/kernel" "$TOP/scripts/kernels/base.config" "$TOP/scripts/kernels/$1.config" \
			"$TOP/drivers/gpu/drm/vsvm/Kconfig"
		# Packages that a root has besides do not build it.
		root_key ''
	} | key
}
kernel_dir() { echo "$LAB_DIR/kernel-$1-$(kernel_key "$1")"; }
# is_variant KERNEL: is it one of them, and not a file or nothing?
is_variant() { [ -n "$1" ] && [ "$1" != base ] && [ -e "$TOP/scripts/kernels/$1.config" ]; }
# built_module KERNEL: where vsvm.ko for it is, below TOP
built_module()
{
	set -- "build/module$(! is_variant "$1" || echo "-$1")"
	echo "$1${COVERAGE:+-coverage}"
}

# lock NAME COMMAND...: one at a time, whichever checkout it comes from.
lock()
{
	lock_file=$1
	shift
	mkdir -p "$(dirname "$lock_file")"
	(
		if ! flock -n 9; then
			say "waiting for another run ($lock_file)"
			flock 9
		fi
		"$@"
	) 9>"$lock_file"
}

# stop PID: end a process and all that it started.
stop()
{
	# shellcheck disable=SC2013
	for child in $(cat "/proc/$1/task/$1/children" 2>/dev/null); do
		(stop "$child")
	done
	kill "$1" 2>/dev/null || :
}

# step LABEL LOG COMMAND...: run a slow command with its output in LOG, say
# every so often how far it is, and when it fails show where and why.
step()
{
	step_label=$1 step_log=$2
	shift 2
	mkdir -p "$(dirname "$step_log")"
	if [ "$V" != 0 ]; then
		say "$step_label"
		"$@" && return
		die "FAILED: $step_label"
	fi
	step_start=$(date +%s)
	# sudo may want a password, which it cannot ask for in the background.
	[ "$(id -u)" = 0 ] || sudo -v
	"$@" >"$step_log" 2>&1 &
	step_pid=$!
	trap 'stop $step_pid; exit 130' INT TERM HUP
	step_tick=0
	[ -t 2 ] || say "$step_label ..."
	while kill -0 "$step_pid" 2>/dev/null; do
		step_now=$(($(date +%s) - step_start))
		step_last=$(tail -n 1 "$step_log" | tr -dc '[:print:]' | cut -c1-48)
		if [ -t 2 ]; then
			printf '\r\033[Kvsvm: %s  %ss  %s' "$step_label" "$step_now" "$step_last" >&2
		elif [ $step_now -ge $((step_tick + 10)) ]; then
			step_tick=$step_now
			say "  $step_label: ${step_now}s, $step_last"
		fi
		sleep 0.5
	done
	step_rc=0
	wait "$step_pid" || step_rc=$?
	trap - INT TERM HUP
	[ ! -t 2 ] || printf '\r\033[K' >&2
	step_now=$(($(date +%s) - step_start))
	if [ $step_rc = 0 ]; then
		say "$step_label: done in ${step_now}s"
		return
	fi
	say "$step_label: FAILED after ${step_now}s, the last lines of $step_log:"
	tail -n 25 "$step_log" | sed 's/^/    /' >&2
	exit 1
}
