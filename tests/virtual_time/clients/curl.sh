# bash and curl: three processes for each request.
url="$APIXO_BASE_URL/statusTask/$POLLBENCH_MODEL?taskId=$POLLBENCH_TASK_ID"
until timeout 30 curl -sS -m 10 -H 'Authorization: Bearer any' "$url" 2>/dev/null | grep -q '"state":"success"'; do sleep 3; done
