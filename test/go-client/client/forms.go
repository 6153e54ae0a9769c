package main

import (
	"net/http"
	"sync/atomic"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
)

// Form is a clientset that speaks one content type, and the media type of the last answer that it got.
type Form struct {
	name   string
	client kubernetes.Interface
	answer atomic.Value
}

// By default, client-go since 0.32 speaks protobuf to kinds of Kubernetes' own.
func formOf(config *rest.Config, name string) (*Form, error) {
	form := &Form{name: name}
	own := rest.CopyConfig(config)
	if name == "json" {
		own.ContentType = runtime.ContentTypeJSON
	}
	own.Wrap(func(next http.RoundTripper) http.RoundTripper {
		return roundTripper(func(request *http.Request) (*http.Response, error) {
			response, err := next.RoundTrip(request)
			if err == nil {
				form.answer.Store(response.Header.Get("Content-Type"))
			}
			return response, err
		})
	})
	client, err := kubernetes.NewForConfig(own)
	form.client = client
	return form, err
}

type roundTripper func(*http.Request) (*http.Response, error)

func (it roundTripper) RoundTrip(request *http.Request) (*http.Response, error) { return it(request) }

// Prints what became of a try by this form.
func (form *Form) tell(kind, verb string, err error) {
	result := Result{Kind: kind, Form: form.name, Verb: verb}
	if err != nil {
		result.Error = err.Error()
	}
	result.Answer, _ = form.answer.Load().(string)
	say(result)
}
