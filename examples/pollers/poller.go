// Waits for one generation task: an exemplary poller in Go, with the standard library alone.
//
//	APIXO_API_KEY=… go run poller.go MODEL TASK_ID     prints {"outcome":"success","urls":["https://…"]}
//	go run poller.go --stream                          takes cases a line each, as `pollbench check --stream` gives them
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"
)

const (
	interval = 3 * time.Second
	attempt  = 10 * time.Second
	ceiling  = 60 * time.Second
)

// Task is what is waited for, as a line of a stream has it.
type Task struct {
	Case       *int64  `json:"case"`
	BaseURL    string  `json:"base_url"`
	APIKey     string  `json:"api_key"`
	Model      string  `json:"model"`
	TaskID     string  `json:"task_id"`
	DeadlineMS float64 `json:"deadline_ms"`
	TimeScale  float64 `json:"time_scale"`
}

// End is how a wait ended.
type End struct {
	Case    *int64   `json:"case,omitempty"`
	Outcome string   `json:"outcome"`
	URLs    []string `json:"urls"`
}

// retryAfter is how long a Retry-After asks to stay away; nothing where it is absent or cannot be read.
func retryAfter(header string) time.Duration {
	if seconds, err := strconv.ParseUint(strings.TrimSpace(header), 10, 31); err == nil {
		return time.Duration(seconds) * time.Second
	}
	if at, err := http.ParseTime(header); err == nil {
		return atLeast(0, time.Until(at))
	}
	return 0
}

func atLeast(least, span time.Duration) time.Duration {
	if span < least {
		return least
	}
	return span
}

func atMost(most, span time.Duration) time.Duration {
	if span > most {
		return most
	}
	return span
}

// isPermanent says whether asking again cannot help. 404 is no such error: a replica may not know a new task yet.
func isPermanent(status int) bool {
	switch status {
	case 404, 408, 425, 429:
		return false
	}
	return 400 <= status && status < 500
}

// look asks once: how the task ended, or nil, and how long to stay away.
func look(task Task, patience time.Duration) (*End, time.Duration) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	address := fmt.Sprintf("%s/statusTask/%s?taskId=%s", task.BaseURL, task.Model, url.QueryEscape(task.TaskID))
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return &End{Outcome: "error", URLs: []string{}}, 0
	}
	request.Header.Set("Authorization", "Bearer "+task.APIKey)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, 0 // A broken connection, or a silent one: the task lives on.
	}
	defer response.Body.Close()
	pause := retryAfter(response.Header.Get("Retry-After"))
	if response.StatusCode != http.StatusOK {
		if isPermanent(response.StatusCode) {
			return &End{Outcome: "error", URLs: []string{}}, pause
		}
		return nil, pause
	}
	var answer struct {
		Data struct{ TaskID, State, ResultJSON string }
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, 1<<20))
	if err != nil || json.Unmarshal(body, &answer) != nil || answer.Data.TaskID != task.TaskID {
		return nil, pause
	}
	switch answer.Data.State {
	case "success":
		var result struct{ ResultURLs []string }
		if json.Unmarshal([]byte(answer.Data.ResultJSON), &result) != nil || len(result.ResultURLs) == 0 {
			return nil, pause // Told anew, once its result is there.
		}
		return &End{Outcome: "success", URLs: result.ResultURLs}, pause
	case "failed":
		return &End{Outcome: "failed", URLs: []string{}}, pause
	}
	return nil, pause
}

// wait looks every few seconds until the task has ended, and once more at the deadline.
func wait(task Task) End {
	scaled := func(span time.Duration) time.Duration { return time.Duration(float64(span) / task.TimeScale) }
	deadline := time.Now().Add(time.Duration(task.DeadlineMS * float64(time.Millisecond)))
	for isLast := false; ; {
		patience := scaled(attempt)
		if left := time.Until(deadline); !isLast && left < patience {
			patience = left
		}
		end, pause := look(task, patience)
		if end != nil {
			return *end
		}
		if isLast {
			return End{Outcome: "timeout", URLs: []string{}}
		}
		next := time.Now().Add(atLeast(scaled(interval), atMost(ceiling, pause)))
		if isLast = !next.Before(deadline); isLast {
			next = deadline
		}
		time.Sleep(time.Until(next))
	}
}

func stream() {
	out, group := json.NewEncoder(os.Stdout), sync.WaitGroup{}
	var tell sync.Mutex
	fmt.Println(`{"hello":{"version":1,"capabilities":["time-scale"]}}`)
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		var task Task
		if json.Unmarshal(lines.Bytes(), &task) != nil {
			continue
		}
		group.Add(1)
		go func() {
			defer group.Done()
			end := wait(task)
			end.Case = task.Case
			tell.Lock()
			defer tell.Unlock()
			_ = out.Encode(end)
		}()
	}
	group.Wait()
}

func number(name string, otherwise float64) float64 {
	if value, err := strconv.ParseFloat(os.Getenv(name), 64); err == nil {
		return value
	}
	return otherwise
}

func main() {
	if len(os.Args) > 1 && os.Args[1] == "--stream" {
		stream()
		return
	}
	task := Task{
		BaseURL:    os.Getenv("APIXO_BASE_URL"),
		APIKey:     os.Getenv("APIXO_API_KEY"),
		Model:      os.Getenv("POLLBENCH_MODEL"),
		TaskID:     os.Getenv("POLLBENCH_TASK_ID"),
		DeadlineMS: number("POLLBENCH_DEADLINE_MS", 600_000),
		TimeScale:  number("POLLBENCH_TIME_SCALE", 1),
	}
	if task.BaseURL == "" {
		task.BaseURL = "https://api.apixo.ai/api/v1"
	}
	if len(os.Args) > 2 {
		task.Model, task.TaskID = os.Args[1], os.Args[2]
	}
	_ = json.NewEncoder(os.Stdout).Encode(wait(task))
}
