#!/bin/bash
# Downloads every file of every process that process-criteria.txt finds into ./file, a page at a time.
#
# As download.sh beside it, which it uses; it goes on until as many processes were seen as the search counts.
# QUESTETRA_LIMIT is the number of processes per page; 1000 is the most that the API gives.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/download.sh"

limit=${QUESTETRA_LIMIT:-1000}
start=0
count=1
while [ "$start" -lt "$count" ]; do
    page=$(search "$start" "$limit")
    download "$page"
    start=$((start + limit))
    count=$(jq .count <<<"$page")
done
