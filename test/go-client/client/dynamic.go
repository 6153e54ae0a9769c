package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"time"

	"k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/metadata"
	"k8s.io/client-go/rest"
)

// Sample is an object of a kind that has no type in Go, and where it goes.
type Sample struct {
	Resource  string         `json:"resource"`
	Namespace string         `json:"namespace"`
	HasStatus bool           `json:"hasStatus"`
	Object    map[string]any `json:"object"`
}

func tryDynamic(ctx context.Context, config *rest.Config) error {
	var samples []Sample
	if err := json.NewDecoder(os.Stdin).Decode(&samples); err != nil {
		return err
	}
	client, err := dynamic.NewForConfig(config)
	if err != nil {
		return err
	}
	// Asks for protobuf first, of which there is none for the objects themselves, but for their metadata.
	metadata, err := metadata.NewForConfig(config)
	if err != nil {
		return err
	}
	for _, sample := range samples {
		object := &unstructured.Unstructured{Object: sample.Object}
		group := object.GroupVersionKind().GroupVersion()
		resource := schema.GroupVersionResource{Group: group.Group, Version: group.Version, Resource: sample.Resource}
		tell := func(verb string, err error) {
			result := Result{Kind: group.String() + "/" + object.GetKind(), Verb: verb}
			if err != nil {
				result.Error = err.Error()
			}
			say(result)
		}
		tryOne(ctx, client.Resource(resource).Namespace(sample.Namespace), object, sample.HasStatus, tell, func() error {
			found, err := metadata.Resource(resource).Namespace(sample.Namespace).List(ctx, metav1.ListOptions{})
			if err == nil && (len(found.Items) != 1 || found.Items[0].Name != object.GetName()) {
				err = fmt.Errorf("the metadata is %v", found)
			}
			return err
		})
	}
	return nil
}

func tryOne(ctx context.Context, client dynamic.ResourceInterface, object *unstructured.Unstructured, hasStatus bool, tell func(string, error), metadata func() error) {
	name := object.GetName()
	created, err := client.Create(ctx, object, metav1.CreateOptions{})
	tell("create", err)
	if err != nil {
		return
	}
	got, err := client.Get(ctx, name, metav1.GetOptions{})
	if err == nil && got.GetUID() != created.GetUID() {
		err = fmt.Errorf("it is another one: %v", got)
	}
	tell("get", err)
	list, err := client.List(ctx, metav1.ListOptions{})
	if err == nil && len(list.Items) != 1 {
		err = fmt.Errorf("%d objects instead of one", len(list.Items))
	}
	tell("list", err)
	tell("list metadata", metadata())
	watcher, err := client.Watch(ctx, metav1.ListOptions{ResourceVersion: created.GetResourceVersion()})
	tell("watch", err)
	if err != nil {
		return
	}
	defer watcher.Stop()
	created.SetLabels(map[string]string{"a": "b"})
	_, err = client.Update(ctx, created, metav1.UpdateOptions{})
	tell("update", firstOf(err, func() error {
		select {
		case event := <-watcher.ResultChan():
			if shown, ok := event.Object.(*unstructured.Unstructured); ok && shown.GetLabels()["a"] == "b" {
				return nil
			}
			return fmt.Errorf("the watch showed %v", event)
		case <-time.After(20 * time.Second):
			return fmt.Errorf("the watch showed nothing")
		}
	}))
	if hasStatus {
		condition := map[string]any{"type": "Tried", "status": "True", "lastTransitionTime": "2030-01-02T03:04:05Z"}
		body, _ := json.Marshal(map[string]any{"status": map[string]any{"conditions": []any{condition}}})
		_, err = client.Patch(ctx, name, types.MergePatchType, body, metav1.PatchOptions{}, "status")
		tell("patch status", err)
		current, err := client.Get(ctx, name, metav1.GetOptions{})
		fail(err)
		_, err = client.UpdateStatus(ctx, current, metav1.UpdateOptions{})
		tell("update status", err)
	}
	_, err = client.Patch(ctx, name, types.JSONPatchType, []byte(`[{"op":"remove","path":"/metadata/labels/a"}]`), metav1.PatchOptions{})
	tell("patch json", err)
	_, err = client.Patch(ctx, name, types.MergePatchType, []byte(`{"metadata":{"labels":{"a":"c"}}}`), metav1.PatchOptions{})
	tell("patch merge", err)
	_, err = client.Patch(ctx, name, types.StrategicMergePatchType, []byte(`{}`), metav1.PatchOptions{})
	tell("patch strategic", unless(errors.IsUnsupportedMediaType(err), err))
	tell("delete", client.Delete(ctx, name, metav1.DeleteOptions{}))
	tell("deletecollection", client.DeleteCollection(ctx, metav1.DeleteOptions{}, metav1.ListOptions{}))
}
