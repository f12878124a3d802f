#!/usr/bin/env bash
# Attaches a file to a field of a task's form: asks for a place, uploads, submits. Needs curl and jq.
#
#   NAVIXY_HASH=… NAVIXY_URL=https://api.navixy.com/v2/fsm ./attach.sh TASK FIELD FILE
set -euo pipefail

api=$NAVIXY_URL task=$1 field=$2 file=$3

call() { # PATH JSON
    curl -sS --fail-with-body -X POST "$api/$1" -H "Authorization: NVX $NAVIXY_HASH" -H 'Content-Type: application/json' -d "$2"
}

place=$(call task/form/file "$(jq -n --argjson task "$task" --arg field "$field" --argjson size "$(stat -c %s "$file")" \
    '{task_id: $task, field_id: $field, size: $size}')")
number=$(jq -r .value.file_id <<<"$place")

# What `fields` holds is not the client's business: all of it goes first, the file last.
parts=()
while IFS= read -r part; do parts+=(--form-string "$part"); done \
    < <(jq -r '.value.fields | to_entries[] | "\(.key)=\(.value)"' <<<"$place")
curl -sS --fail-with-body "${parts[@]}" -F "$(jq -r .value.file_field_name <<<"$place")=@$file" \
    "$(jq -r .value.url <<<"$place")" >/dev/null

call task/form/values/update "$(jq -n --argjson task "$task" --arg field "$field" --argjson number "$number" \
    '{task_id: $task, values: {($field): {type: "file", file_ids: [$number]}}}')" >/dev/null
call task/form/read "$(jq -n --argjson task "$task" '{task_id: $task}')" |
    jq -r --argjson number "$number" '.files[] | select(.id == $number) | .download_url'
