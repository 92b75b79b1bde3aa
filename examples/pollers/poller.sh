#!/usr/bin/env bash
# Waits for one generation task: an exemplary poller for bash and curl.
#
#   APIXO_API_KEY=… poller.sh MODEL TASK_ID      prints {"outcome":"success","urls":["https://…"]}
set -u

base=${APIXO_BASE_URL:-https://api.apixo.ai/api/v1}
model=${1:-${POLLBENCH_MODEL:-}}
task=${2:-${POLLBENCH_TASK_ID:-}}
scale=${POLLBENCH_TIME_SCALE:-1}
deadline_ms=${POLLBENCH_DEADLINE_MS:-600000}

# Milliseconds, on a clock that only goes forward where the system has one to read.
now() {
    local up _
    if read -r up _ 2>/dev/null </proc/uptime; then
        up=${up/./}
        echo $((10#$up * 10))
    else
        echo $(($(date +%s) * 1000))
    fi
}
scaled() { awk -v ms="$1" -v scale="$scale" 'BEGIN { printf "%d", ms / scale }'; }
seconds() { awk -v ms="$1" 'BEGIN { printf "%.3f", (ms < 1 ? 1 : ms) / 1000 }'; }
say() { printf '{"outcome":"%s","urls":[%s]}\n' "$1" "${2:-}"; }

interval=$(scaled 3000)
attempt=$(scaled 10000)
ceiling=60000
deadline=$(($(now) + ${deadline_ms%.*}))
head=$(mktemp) && body=$(mktemp)
trap 'rm -f "$head" "$body"' EXIT

# How long a Retry-After asks to stay away, in milliseconds; 0 where it is absent or cannot be read.
retry_after() {
    local text at
    text=$(tr -d '\r' <"$head" | sed -n 's/^[Rr][Ee][Tt][Rr][Yy]-[Aa][Ff][Tt][Ee][Rr]: *//p' | tail -n 1)
    case $text in
    '') echo 0 ;;
    *[!0-9]*)
        at=$(date -d "$text" +%s 2>/dev/null) || {
            echo 0
            return
        }
        at=$(awk -v at="$at" -v now="$(date +%s.%N)" 'BEGIN { ms = (at - now) * 1000; printf "%d", ms < 0 ? 0 : ms + 1 }')
        echo "$at"
        ;;
    ??????*) echo "$ceiling" ;; # More than a day.
    *) echo $((10#$text * 1000)) ;;
    esac
}

# The text of a field of the answer.
field() { sed -n 's/.*"'"$1"'" *: *"\(\([^"\\]\|\\.\)*\)".*/\1/p' "$body" | head -n 1; }

# Whether the answer is whole. What is cut off in the middle tells nothing.
is_whole() { tr -d '\n ' <"$body" | grep -q '^{.*}}$'; }

# One look. Prints the end of the wait where it has come.
look() {
    local status urls
    : >"$head"
    : >"$body"
    status=$(curl --silent --max-time "$(seconds "$1")" --dump-header "$head" --output "$body" --write-out '%{http_code}' \
        --header "Authorization: Bearer ${APIXO_API_KEY:-}" "$base/statusTask/$model?taskId=$task") || return 0
    case $status in
    200) ;;
    404 | 408 | 425 | 429) return 0 ;; # 404: a replica may not know a new task yet.
    4??) say error && return 0 ;;
    *) return 0 ;;
    esac
    is_whole || return 0
    [ "$(field taskId)" = "$task" ] || return 0
    case $(field state) in
    success)
        urls=$(field resultJson | sed -n 's/\\"/"/g; s/.*"resultUrls" *: *\[\([^]]*\)\].*/\1/p')
        [ -z "$urls" ] || say success "$urls"
        ;;
    failed) say failed ;;
    esac
}

last=0
while :; do
    patience=$attempt
    left=$((deadline - $(now)))
    [ "$last" = 1 ] || [ "$left" -ge "$attempt" ] || patience=$left
    end=$(look "$patience")
    [ -z "$end" ] || {
        echo "$end"
        exit 0
    }
    [ "$last" = 0 ] || {
        say timeout
        exit 0
    }
    pause=$(retry_after)
    [ "$pause" -le "$ceiling" ] || pause=$ceiling
    [ "$pause" -ge "$interval" ] || pause=$interval
    left=$((deadline - $(now)))
    [ "$pause" -lt "$left" ] || { last=1 && pause=$left; }
    [ "$pause" -le 0 ] || sleep "$(seconds "$pause")"
done
