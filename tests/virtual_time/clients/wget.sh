# wget.
url="$APIXO_BASE_URL/statusTask/$POLLBENCH_MODEL?taskId=$POLLBENCH_TASK_ID"
until wget -q -O - -T 10 -t 1 --header='Authorization: Bearer any' "$url" | grep -q '"state":"success"'; do sleep 3; done
