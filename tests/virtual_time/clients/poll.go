// net/http: a static binary, or one with cgo. Neither makes its system calls through libc, so both are to be detected.
package main

import (
	"io"
	"net/http"
	"os"
	"strings"
	"time"
)

func main() {
	url := os.Getenv("APIXO_BASE_URL") + "/statusTask/" + os.Getenv("POLLBENCH_MODEL") + "?taskId=" + os.Getenv("POLLBENCH_TASK_ID")
	client := http.Client{Timeout: 10 * time.Second}
	for {
		request, _ := http.NewRequest("GET", url, nil)
		request.Header.Set("Authorization", "Bearer any")
		if answer, err := client.Do(request); err == nil {
			body, _ := io.ReadAll(answer.Body)
			answer.Body.Close()
			if strings.Contains(string(body), `"state":"success"`) {
				return
			}
		}
		time.Sleep(3 * time.Second)
	}
}
