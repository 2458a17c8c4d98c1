#!/bin/sh
# SPDX-License-Identifier: MIT
# scripts/fuzz.sh PROGRAM SECONDS [SEED]: runs one libFuzzer program. Its corpus is PROGRAM.corpus, which
# SEED, a program that takes a directory, fills with a first lot. What it finds is PROGRAM.crash-*.
set -eu
program=$1
seconds=$2
corpus=$(realpath -m "$program.corpus")
if [ ! -d "$corpus" ]; then
	mkdir -p "$corpus"
	[ -z "${3:-}" ] || "$3" "$corpus"
fi
exec "$program" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -verbosity=0 -print_final_stats=1 \
	-artifact_prefix="$program." "$corpus"
