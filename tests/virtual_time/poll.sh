# Polls every three seconds until the task is done.
url="$APIXO_BASE_URL/statusTask/$POLLBENCH_MODEL?taskId=$POLLBENCH_TASK_ID"
until timeout 30 curl -sS -m 10 -H 'Authorization: Bearer any' "$url" | grep -q '"state":"success"'; do sleep 3; done
