#!/bin/bash
# Downloads every file of the first ten processes that process-criteria.txt finds into ./file.
#
# The sample script of "Download Process Files Using the Workflow API", completed. It needs curl and jq:
#
#   export QUESTETRA_URL=http://127.0.0.1:8080/questetra QUESTETRA_EMAIL=… QUESTETRA_API_PASSWORD=…
#   ./download.sh
set -euo pipefail

base_url=${QUESTETRA_URL:-http://127.0.0.1:8080/questetra}

# Ask the API: path, then parameters. The answer goes to the standard output; an error of the API ends the script.
ask() {
    local path=$1 parameters=()
    shift
    for parameter in "$@"; do parameters+=(--data-urlencode "$parameter"); done
    curl --silent --show-error --fail-with-body -u "$QUESTETRA_EMAIL:$QUESTETRA_API_PASSWORD" \
        "${parameters[@]}" "$base_url/API/OR/ProcessInstance/$path"
}

# Search: start position, number of processes.
search() {
    local answer
    answer=$(ask list criteria@process-criteria.txt "start=$1" "limit=$2") || { echo "$answer" >&2; return 1; }
    tr -d '[:cntrl:]' <<<"$answer"
}

# Save the files of each process in the answer of a search, over those that are there already.
download() {
    # One line per file: folder, name and both ids. A folder or name leads nowhere else: / becomes _.
    jq -r '
        def as_name: gsub("[/[:cntrl:]]"; "_") | sub("^\\.{1,2}$"; "_");
        .processInstances[]
        | "\(.processInstanceId)_\(.processModelInfoName)_(\(.processInstanceTitle))" as $folder
        | (.data // {})[] | select(.dataType == "FILE2" and .value != null) | .value[]
        | [($folder | as_name), (.name | as_name), .id, .processDataInstanceId] | map(tostring) | join("\t")
    ' <<<"$1" | while IFS=$'\t' read -r folder name id process_data_id; do
        mkdir -p "./file/$folder"
        ask File/download "id=$id" "processDataInstanceId=$process_data_id" >"./file/$folder/$name" ||
            { cat "./file/$folder/$name" >&2; rm "./file/$folder/$name"; return 1; }
    done
}

main() {
    local page
    page=$(search 0 10)
    download "$page"
}

# download_all.sh uses these functions.
if [ "${BASH_SOURCE[0]}" = "$0" ]; then main; fi
