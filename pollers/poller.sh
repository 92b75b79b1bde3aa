#!/bin/sh
# Waits for a generation task of APIXO. A POSIX shell with curl and jq.
#
#   sh poller.sh MODEL TASK_ID    waits for a task that was submitted before, here or elsewhere
#
# The API key is read from APIXO_API_KEY, the server from APIXO_BASE_URL. It asks at the instants of the settings, and once
# more at the deadline. Whatever tells nothing (lost connections, server errors, rate limits, half an answer) is asked over
# until then. One line of JSON on standard output says how it ended.

set -u

model=${1:-${POLLBENCH_MODEL:-}}
task_id=${2:-${POLLBENCH_TASK_ID:-}}
if [ -z "$model" ] || [ -z "$task_id" ]; then
  echo "usage: sh poller.sh MODEL TASK_ID" >&2
  exit 2
fi

# settings: begin
# The guide's settings: an example, which `pollbench tune --write-poller sh` replaces.
case $model in
  'sora-2') checks_ms='60000' then_every_ms=15000 deadline_ms=600000 ;;
  *) checks_ms='10000' then_every_ms=5000 deadline_ms=300000 ;;
esac
# settings: end

# The longest that one request may take.
attempt_timeout_ms=10000
# A Retry-After is obeyed within these bounds: 0 must not make a busy loop, and a day is ignored.
retry_after_least_s=1
retry_after_most_s=60
# Settings are divided by this: only tests against a mock that is faster than life set it.
scale=${POLLBENCH_TIME_SCALE:-1}

origin=${APIXO_BASE_URL:-https://api.apixo.ai}
origin=${origin%/}
case $origin in
  */api/v1) root=$origin ;;
  *) root=$origin/api/v1 ;;
esac

files=$(mktemp -d) || exit 1
trap 'rm -rf "$files"' EXIT
trap 'echo "stopped; go on with: $model $task_id" >&2; say error; exit 130' INT TERM

# Prints how the wait ended.
say() {
  jq -cn --arg outcome "$1" --argjson urls "${2:-[]}" '{outcome: $outcome, urls: $urls}'
}

# Milliseconds since 1970; whole seconds where `date` knows no more.
now_ms() {
  now=$(date +%s%3N)
  case $now in
    *[!0-9]*) echo "$(date +%s)000" ;;
    *) echo "$now" ;;
  esac
}

# A setting in milliseconds of this process.
scaled() {
  jq -n "$1 / $scale | floor"
}

sleep_ms() {
  [ "$1" -gt 0 ] && sleep "$(jq -n "$1 / 1000")"
}

# When to look next, after `$1` ms: the first planned instant that is still to come, or after a gap.
next_check() {
  for at in $checks_ms; do
    at=$(scaled "$at")
    if [ "$at" -gt "$1" ]; then
      echo "$at"
      return
    fi
  done
  echo $(($1 + $(scaled "$then_every_ms")))
}

# One request, of at most `$1` ms. Sets status and retry_after; the answer is in a file.
ask() {
  : >"$files/body"
  : >"$files/head"
  status=$(
    curl --silent --max-redirs 0 --max-filesize 1048576 --max-time "$(jq -n "$1 / 1000")" \
      --header "Authorization: Bearer ${APIXO_API_KEY:-}" \
      --dump-header "$files/head" --output "$files/body" --write-out '%{http_code}' \
      --get --data-urlencode "taskId=$task_id" "$root/statusTask/$(jq -rn --arg model "$model" '$model | @uri')"
  ) || status=000
  header=$(sed -n 's/^[Rr][Ee][Tt][Rr][Yy]-[Aa][Ff][Tt][Ee][Rr]: *//p' "$files/head" | tr -d '\r' | tail -n 1)
  retry_after=0
  asked=
  case $header in
    '') ;;
    *[!0-9]*) asked=$(jq -rn --arg date "$header" '$date | strptime("%a, %d %b %Y %H:%M:%S GMT") | mktime - now | ceil' 2>"$files/error") ;;
    *) asked=$header ;;
  esac
  if [ -n "$asked" ]; then
    retry_after=$(jq -n "[[$asked, $retry_after_least_s] | max, $retry_after_most_s] | min * 1000 | floor")
  fi
  # Some servers say in the body what they should have said in the status.
  code=$(jq -r 'select(type == "object") | .code | numbers' "$files/body" 2>"$files/error")
  if [ "$status" = 200 ] && [ -n "$code" ]; then
    status=$code
  fi
}

# What the answer says of the task: `unfinished`, `success URLS`, `failed WHY`, or `nothing`.
read_answer() {
  jq -r --arg id "$task_id" '
    if type != "object" or (.data | type) != "object" then "nothing"
    elif .data.taskId != null and .data.taskId != $id then "nothing"
    elif .data.state == "failed" then "failed \(.data.failCode // "failed"): \(.data.failMsg // "")"
    elif .data.state == "success" then
      (try (.data.resultJson | fromjson | .resultUrls) catch null)
      | if type == "array" and length > 0 and all(type == "string") then "success \(tojson)" else "nothing" end
    else "unfinished" end' "$files/body" 2>"$files/error" || echo nothing
}

start=$(now_ms)
deadline=${POLLBENCH_DEADLINE_MS:-$(scaled "$deadline_ms")}
deadline=${deadline%.*}
attempt=$(scaled "$attempt_timeout_ms")
[ "$attempt" -lt 1000 ] && attempt=1000
planned=$(next_check -1)
not_before=0

while :; do
  at=$planned
  [ "$not_before" -gt "$at" ] && at=$not_before
  is_last=no
  if [ "$at" -ge "$deadline" ]; then
    is_last=yes
    at=$deadline
  fi
  sleep_ms $((start + at - $(now_ms)))

  # The look at the deadline has the whole attempt timeout, every other one what is left.
  timeout=$((deadline - at))
  if [ "$is_last" = yes ] || [ "$timeout" -gt "$attempt" ]; then
    timeout=$attempt
  fi
  ask "$timeout"
  if [ "$status" = 200 ]; then
    seen=$(read_answer)
    case $seen in
      success\ *)
        say success "${seen#success }"
        exit 0
        ;;
      failed\ *)
        echo "${seen#failed }" >&2
        say failed
        exit 1
        ;;
    esac
  elif [ "$is_last" = no ]; then
    case $status in
      # A replica that lags may not know a new task yet: 404 passes, as 408, 425 and 429 do.
      404 | 408 | 425 | 429) ;;
      4??)
        echo "HTTP $status $(jq -r '.message? // ""' "$files/body" 2>"$files/error")" >&2
        say error
        exit 1
        ;;
    esac
  fi
  if [ "$is_last" = yes ]; then
    echo "$task_id was not done after $deadline ms; it can be waited for again" >&2
    say timeout
    exit 1
  fi
  elapsed=$(($(now_ms) - start))
  # Not before its instant: the clock may tell whole seconds only.
  [ "$elapsed" -lt "$at" ] && elapsed=$at
  planned=$(next_check "$elapsed")
  not_before=$((elapsed + retry_after))
done
