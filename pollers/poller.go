// Waits for generation tasks of APIXO. Go 1.18 or later, the standard library alone.
//
//	go run poller.go MODEL TASK_ID    waits for a task that was submitted before, here or elsewhere
//
// The API key is read from APIXO_API_KEY, the server from APIXO_BASE_URL.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	// webhook: begin
	"net"
	// webhook: end
	"net/http"
	"net/url"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Settings say when to look: at these instants since the start of the wait, then at equal gaps, and once more at the
// deadline.
type Settings struct {
	checksMs    []float64
	thenEveryMs float64
	deadlineMs  float64
}

// settings: begin
// The guide's settings: an example, which `pollbench tune --write-poller go` replaces.
var settings = map[string]Settings{
	"sora-2": {checksMs: []float64{60000}, thenEveryMs: 15000, deadlineMs: 600000},
}

// For models that are not named above: the guide's settings.
var anyModel = Settings{checksMs: []float64{10000}, thenEveryMs: 5000, deadlineMs: 300000}

// settings: end

const (
	// The longest that one request may take.
	attemptTimeout = 10 * time.Second
	// A Retry-After is obeyed within these bounds: 0 must not make a busy loop, and a day is ignored.
	retryAfterLeast = time.Second
	retryAfterMost  = time.Minute
	// More than this of an answer is not read.
	mostBytes = 1 << 20
)

// Settings are divided by this: only tests against a mock that is faster than life set it.
var timeScale = scale()

// TaskFailed says that the task ended without a result.
type TaskFailed struct{ Why string }

// TimedOut says that the deadline passed; the task may still end, and can be waited for again by its id.
type TimedOut struct{ Last string }

// Refused says that the server refuses the request itself: asking again cannot help.
type Refused struct{ Why string }

func (e TaskFailed) Error() string { return e.Why }
func (e TimedOut) Error() string   { return "not done by the deadline; last: " + e.Last }
func (e Refused) Error() string    { return e.Why }

// WaitForTask waits until the task ends, and returns the URLs of its results.
//
// It asks at the instants of the settings, and once more at the deadline. Whatever tells nothing (lost connections, server
// errors, rate limits, half an answer) is asked over until then. Nothing is kept between calls, so a new process can go on
// where this one stopped. A deadline of 0 is that of the settings; ctx ends the wait.
func WaitForTask(ctx context.Context, model, taskID string, deadline time.Duration) ([]string, error) {
	// webhook: begin
	told := toldOf(ctx)
	// webhook: end
	plan, known := settings[model]
	if !known {
		plan = anyModel
	}
	if deadline == 0 {
		deadline = scaled(plan.deadlineMs)
	}
	start := time.Now()
	planned, notBefore := nextCheck(plan, -1), time.Duration(0)
	for {
		at := later(planned, notBefore)
		isLast := at >= deadline
		at = earlier(at, deadline)
		// webhook: begin
		if planned > notBefore && within(ctx, told, time.Until(start.Add(at))) {
			planned = time.Since(start)
			continue
		}
		// webhook: end
		if err := sleep(ctx, time.Until(start.Add(at))); err != nil {
			return nil, err
		}

		// The look at the deadline has the whole attempt timeout, every other one what is left.
		timeout := later(time.Duration(float64(attemptTimeout)/timeScale), time.Second)
		if !isLast {
			timeout = earlier(timeout, deadline-at)
		}
		seen := check(ctx, model, taskID, timeout)
		switch {
		case ctx.Err() != nil:
			return nil, ctx.Err()
		case seen.urls != nil:
			return seen.urls, nil
		case seen.failed != "":
			return nil, TaskFailed{seen.failed}
		case seen.refused && !isLast:
			return nil, Refused{seen.trouble}
		case isLast:
			return nil, TimedOut{seen.trouble}
		}

		elapsed := time.Since(start)
		planned = nextCheck(plan, elapsed)
		notBefore = elapsed + seen.retryAfter
	}
}

// nextCheck says when to look next, since the start: at the first planned instant still to come, or after a gap.
func nextCheck(plan Settings, elapsed time.Duration) time.Duration {
	for _, ms := range plan.checksMs {
		if at := scaled(ms); at > elapsed {
			return at
		}
	}
	return elapsed + scaled(plan.thenEveryMs)
}

// What one request told.
type sight struct {
	urls       []string
	failed     string
	refused    bool
	trouble    string
	retryAfter time.Duration
}

type envelope struct {
	Code    *int   `json:"code"`
	Message string `json:"message"`
	Data    *struct {
		TaskID     *string `json:"taskId"`
		State      string  `json:"state"`
		ResultJSON string  `json:"resultJson"`
		FailCode   string  `json:"failCode"`
		FailMsg    string  `json:"failMsg"`
	} `json:"data"`
}

// A status that sends elsewhere tells nothing of the task.
var client = &http.Client{
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

func check(ctx context.Context, model, taskID string, timeout time.Duration) sight {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	origin := os.Getenv("APIXO_BASE_URL")
	if origin == "" {
		origin = "https://api.apixo.ai"
	}
	root := strings.TrimSuffix(strings.TrimRight(origin, "/"), "/api/v1") + "/api/v1"
	address := root + "/statusTask/" + url.PathEscape(model) + "?taskId=" + url.QueryEscape(taskID)
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return sight{refused: true, trouble: err.Error()}
	}
	request.Header.Set("Authorization", "Bearer "+os.Getenv("APIXO_API_KEY"))
	response, err := client.Do(request)
	if err != nil {
		return sight{trouble: err.Error()}
	}
	defer response.Body.Close()
	text, err := io.ReadAll(io.LimitReader(response.Body, mostBytes+1))
	if err != nil || len(text) > mostBytes {
		return sight{trouble: "half an answer, or one without end"}
	}
	seen := sight{trouble: "unfinished", retryAfter: retryAfter(response.Header.Get("Retry-After"))}
	var answer envelope
	unreadable := json.Unmarshal(text, &answer)
	// Some servers say in the body what they should have said in the status.
	status := response.StatusCode
	if status == http.StatusOK && answer.Code != nil {
		status = *answer.Code
	}
	switch {
	case status != http.StatusOK:
		seen.trouble = strings.TrimSpace(fmt.Sprintf("HTTP %d %s", status, answer.Message))
		// A replica that lags may not know a new task yet: 404 passes, as 408, 425 and 429 do.
		passes := status == 404 || status == 408 || status == 425 || status == 429
		seen.refused = status >= 400 && status < 500 && !passes
	case unreadable != nil || answer.Data == nil:
		seen.trouble = "an answer without data"
	case answer.Data.TaskID != nil && *answer.Data.TaskID != taskID:
		seen.trouble = "an answer about another task"
	case answer.Data.State == "failed":
		seen.failed = answer.Data.FailCode + ": " + answer.Data.FailMsg
	case answer.Data.State == "success":
		var result struct {
			ResultURLs []string `json:"resultUrls"`
		}
		if json.Unmarshal([]byte(answer.Data.ResultJSON), &result) == nil && len(result.ResultURLs) > 0 {
			seen.urls = result.ResultURLs
		} else {
			seen.trouble = "a result that cannot be read"
		}
	}
	// `pending`, `processing`, and states that are not known here: the task is not done.
	return seen
}

// retryAfter reads seconds or an HTTP date; 0 for anything else.
func retryAfter(header string) time.Duration {
	header = strings.TrimSpace(header)
	if header == "" {
		return 0
	}
	var asked time.Duration
	if seconds, err := strconv.ParseUint(header, 10, 32); err == nil {
		asked = time.Duration(seconds) * time.Second
	} else if date, err := http.ParseTime(header); err == nil {
		asked = time.Until(date)
	} else {
		return 0
	}
	return earlier(later(asked, retryAfterLeast), retryAfterMost)
}

func sleep(ctx context.Context, pause time.Duration) error {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func earlier(a, b time.Duration) time.Duration {
	if a < b {
		return a
	}
	return b
}

func later(a, b time.Duration) time.Duration {
	if a > b {
		return a
	}
	return b
}

func scaled(ms float64) time.Duration {
	return time.Duration(ms / timeScale * float64(time.Millisecond))
}

func scale() float64 {
	if scale, err := strconv.ParseFloat(os.Getenv("POLLBENCH_TIME_SCALE"), 64); err == nil && scale > 0 {
		return scale
	}
	return 1
}

// webhook: begin
type toldKey struct{}

// Told makes a context whose wait looks at once when something is sent to the channel.
//
// Deliveries of webhooks are not signed, so they are never believed: the look that follows tells what became of the task, and
// a delivery that is forged, damaged or about another task costs nothing but a request.
func Told(ctx context.Context) (context.Context, chan<- struct{}) {
	told := make(chan struct{}, 1)
	return context.WithValue(ctx, toldKey{}, told), told
}

func toldOf(ctx context.Context) <-chan struct{} {
	told, _ := ctx.Value(toldKey{}).(chan struct{})
	return told
}

// within says whether it is told within the pause; each telling counts once.
func within(ctx context.Context, told <-chan struct{}, pause time.Duration) bool {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-told:
		return true
	case <-timer.C:
	case <-ctx.Done():
	}
	return false
}

// Receive handles webhooks on any path, and wakes waits by the id of their task. Tasks are submitted with the address at
// which the API reaches it as their callback_url.
func Receive(waits map[string]chan<- struct{}) http.Handler {
	return http.HandlerFunc(func(writer http.ResponseWriter, request *http.Request) {
		var answer envelope
		body := http.MaxBytesReader(writer, request.Body, mostBytes)
		if json.NewDecoder(body).Decode(&answer) != nil || answer.Data == nil || answer.Data.TaskID == nil {
			// It is sent again, and the fallback looks come anyway.
			writer.WriteHeader(http.StatusBadRequest)
			return
		}
		writer.WriteHeader(http.StatusOK)
		select {
		case waits[*answer.Data.TaskID] <- struct{}{}:
		default:
		}
	})
}

// webhook: end
// Run as a program: one line of JSON on standard output says how it ended.
func main() {
	model, taskID := os.Getenv("POLLBENCH_MODEL"), os.Getenv("POLLBENCH_TASK_ID")
	if len(os.Args) > 2 {
		model, taskID = os.Args[1], os.Args[2]
	}
	if model == "" || taskID == "" {
		fmt.Fprintln(os.Stderr, "usage: poller MODEL TASK_ID")
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	deadlineMs, _ := strconv.ParseFloat(os.Getenv("POLLBENCH_DEADLINE_MS"), 64)
	// webhook: begin
	port := os.Getenv("APIXO_WEBHOOK_PORT")
	if port == "" {
		port = "9000"
	}
	listener, err := net.Listen("tcp", ":"+port)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	ctx, told := Told(ctx)
	receiver := &http.Server{Handler: Receive(map[string]chan<- struct{}{taskID: told}), ReadTimeout: 30 * time.Second}
	go receiver.Serve(listener)
	// webhook: end
	urls, err := WaitForTask(ctx, model, taskID, time.Duration(deadlineMs*float64(time.Millisecond)))
	outcome, code := "success", 0
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		outcome, code, urls = "error", 1, []string{}
		switch {
		case errors.As(err, new(TaskFailed)):
			outcome = "failed"
		case errors.As(err, new(TimedOut)):
			outcome = "timeout"
		case ctx.Err() != nil:
			fmt.Fprintf(os.Stderr, "stopped; go on with: %s %s\n", model, taskID)
			code = 130
		}
	}
	said, _ := json.Marshal(map[string]any{"outcome": outcome, "urls": urls})
	fmt.Println(string(said))
	os.Exit(code)
}
