// Client talks to an API server as programs in Go do, by client-go, and prints what it saw: one line of JSON for each
// thing that it tried. `client verbs KUBECONFIG` tries every verb on every kind of Kubernetes' own that is served, in
// JSON and in protobuf; `dynamic` every verb on the objects that stand on its standard input; `election` lets two
// candidates lead in turn; `informer` tells what an informer sees until its standard input ends; `manager` is an operator,
// of controller-runtime.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"sync"
	"time"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

// Result is what became of one try.
type Result struct {
	// The kind as `v1/ConfigMap`, or what else it was about.
	Kind string `json:"kind"`
	// What the client sends and wants: `json` or `protobuf`.
	Form string `json:"form,omitempty"`
	Verb string `json:"verb"`
	// What went wrong; absent if nothing did.
	Error string `json:"error,omitempty"`
	// The media type of the answer.
	Answer string `json:"answer,omitempty"`
}

var printing sync.Mutex

func say(value any) {
	printing.Lock()
	defer printing.Unlock()
	fail(json.NewEncoder(os.Stdout).Encode(value))
}

func main() {
	commands := map[string]func(context.Context, *rest.Config) error{
		"verbs": tryVerbs, "dynamic": tryDynamic, "election": tryElection, "informer": runInformer,
		"manager": tryManager,
	}
	if len(os.Args) != 3 || commands[os.Args[1]] == nil {
		fail(fmt.Errorf("usage: client verbs|dynamic|election|informer|manager KUBECONFIG"))
	}
	config, err := clientcmd.BuildConfigFromFlags("", os.Args[2])
	fail(err)
	config.QPS, config.Burst = -1, -1
	ctx, cancel := context.WithTimeout(context.Background(), 100*time.Second)
	defer cancel()
	fail(commands[os.Args[1]](ctx, config))
}

func fail(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
