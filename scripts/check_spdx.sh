#!/bin/sh
# SPDX-License-Identifier: MIT
# check_spdx.sh [ROOT]: every source that git knows or would add has its licence in its first 3 lines.
set -eu

cd "${1:-.}"
list=$(mktemp)
trap 'rm -f "$list"' EXIT

git ls-files --cached --others --exclude-standard -- '*.c' '*.h' '*.S' '*.ld' '*.py' '*.sh' '*.mk' \
	'*.dts' '*.dtsi' Makefile '*/Makefile' >"$list"
if ! [ -s "$list" ]; then
	echo "check_spdx: no sources here" >&2
	exit 1
fi
status=0
while IFS= read -r file; do
	[ -f "$file" ] || continue # deleted, not yet committed
	head -n 3 "$file" | grep -q 'SPDX-License-Identifier: ' && continue
	echo "$file:1: no SPDX-License-Identifier in the first 3 lines"
	status=1
done <"$list"
exit $status
