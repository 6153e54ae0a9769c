package main

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
)

type object interface {
	metav1.Object
	runtime.Object
}

// What the typed clients of all kinds have, with T for the object and L for the list.
type typed[T object, L runtime.Object] interface {
	Create(context.Context, T, metav1.CreateOptions) (T, error)
	Update(context.Context, T, metav1.UpdateOptions) (T, error)
	Delete(context.Context, string, metav1.DeleteOptions) error
	Get(context.Context, string, metav1.GetOptions) (T, error)
	List(context.Context, metav1.ListOptions) (L, error)
	Watch(context.Context, metav1.ListOptions) (watch.Interface, error)
	Patch(context.Context, string, types.PatchType, []byte, metav1.PatchOptions, ...string) (T, error)
}

type withStatus[T object] interface {
	UpdateStatus(context.Context, T, metav1.UpdateOptions) (T, error)
}

type withCollection interface {
	DeleteCollection(context.Context, metav1.DeleteOptions, metav1.ListOptions) error
}

// Kind is a kind whose verbs are tried.
type Kind struct {
	name string
	try  func(ctx context.Context, form *Form, plain kubernetes.Interface)
}

// Makes a kind of its typed client, an object, and a change to its status where it has one.
func of[T object, L runtime.Object, C typed[T, L]](name string, client func(kubernetes.Interface) C, sample func() T, status func(T)) Kind {
	return Kind{name, func(ctx context.Context, form *Form, plain kubernetes.Interface) {
		trial[T, L]{name, form, client(form.client), client(plain), sample, status}.run(ctx)
	}}
}

type trial[T object, L runtime.Object] struct {
	kind   string
	form   *Form
	client typed[T, L]
	// The same, in JSON: what both see must be the same.
	plain  typed[T, L]
	sample func() T
	status func(T)
}

func tryVerbs(ctx context.Context, config *rest.Config) error {
	plain, err := formOf(config, "json")
	if err != nil {
		return err
	}
	for _, name := range []string{"json", "protobuf"} {
		form, err := formOf(config, name)
		if err != nil {
			return err
		}
		for _, kind := range kinds {
			kind.try(ctx, form, plain.client)
		}
		tryReviews(ctx, form)
	}
	return nil
}

func (it trial[T, L]) tell(verb string, err error) { it.form.tell(it.kind, verb, err) }

func (it trial[T, L]) named(name string) T {
	object := it.sample()
	object.SetName(name + "-" + it.form.name)
	object.SetLabels(map[string]string{"tried": it.form.name})
	return object
}

func (it trial[T, L]) run(ctx context.Context) {
	selector := metav1.ListOptions{LabelSelector: "tried=" + it.form.name}
	created, err := it.client.Create(ctx, it.named("one"), metav1.CreateOptions{})
	it.tell("create", firstOf(err, func() error { return it.sameUnlessFollowed(ctx, created) }))
	if err != nil {
		return
	}
	name := created.GetName()
	_, err = it.client.Create(ctx, it.named("one"), metav1.CreateOptions{})
	it.tell("create again", unless(errors.IsAlreadyExists(err), err))
	_, err = it.client.Get(ctx, "absent", metav1.GetOptions{})
	it.tell("get absent", unless(errors.IsNotFound(err), err))
	got, err := it.client.Get(ctx, name, metav1.GetOptions{})
	it.tell("get", firstOf(err, func() error { return it.sameAsPlain(ctx, got) }))
	list, err := it.client.List(ctx, selector)
	it.tell("list", firstOf(err, func() error { return it.listed(ctx, list) }))
	if err != nil {
		return
	}
	it.watched(ctx, selector, list, name)
	it.patched(ctx, name)
	it.deleted(ctx, name)
	if collection, ok := it.client.(withCollection); ok {
		_, err = it.client.Create(ctx, it.named("two"), metav1.CreateOptions{})
		err = firstOf(err, func() error { return collection.DeleteCollection(ctx, metav1.DeleteOptions{}, selector) })
		it.tell("deletecollection", firstOf(err, func() error { return it.ended(ctx, it.named("two").GetName()) }))
	}
}

// An object by this client, and the same by one that speaks JSON.
func (it trial[T, L]) sameAsPlain(ctx context.Context, object T) error {
	plain, err := it.plain.Get(ctx, object.GetName(), metav1.GetOptions{})
	// In lists, Kubernetes leaves out what the list says already.
	object.GetObjectKind().SetGroupVersionKind(schema.GroupVersionKind{})
	if err == nil && !equality.Semantic.DeepEqual(object, plain) {
		one, _ := json.Marshal(object)
		other, _ := json.Marshal(plain)
		err = fmt.Errorf("%s, and in JSON %s", one, other)
	}
	return err
}

// The same of what was just created, unless the server has written more since, as it does with a quota's status.
func (it trial[T, L]) sameUnlessFollowed(ctx context.Context, object T) error {
	now, err := it.plain.Get(ctx, object.GetName(), metav1.GetOptions{})
	if err != nil || now.GetResourceVersion() != object.GetResourceVersion() {
		return err
	}
	return it.sameAsPlain(ctx, object)
}

func (it trial[T, L]) listed(ctx context.Context, list L) error {
	items, err := meta.ExtractList(list)
	if err != nil {
		return err
	}
	if len(items) != 1 {
		return fmt.Errorf("%d objects instead of one", len(items))
	}
	return it.sameAsPlain(ctx, items[0].(T))
}

// A watch, and the updates that it has to show.
func (it trial[T, L]) watched(ctx context.Context, options metav1.ListOptions, list L, name string) {
	options.ResourceVersion = any(list).(metav1.ListInterface).GetResourceVersion()
	watcher, err := it.client.Watch(ctx, options)
	it.tell("watch", err)
	if err != nil {
		return
	}
	defer watcher.Stop()
	current, err := it.plain.Get(ctx, name, metav1.GetOptions{})
	fail(err)
	current.SetAnnotations(map[string]string{"a": "b"})
	updated, err := it.client.Update(ctx, current, metav1.UpdateOptions{})
	it.tell("update", firstOf(err, func() error { return it.shown(watcher, watch.Modified, updated) }))
	current.SetAnnotations(map[string]string{"a": "c"})
	_, err = it.client.Update(ctx, current, metav1.UpdateOptions{})
	it.tell("update old", unless(errors.IsConflict(err), err))
	if it.status == nil {
		return
	}
	before := updated.DeepCopyObject().(T)
	it.status(updated)
	updated, err = it.client.(withStatus[T]).UpdateStatus(ctx, updated, metav1.UpdateOptions{})
	it.tell("update status", firstOf(err, func() error {
		if before.GetResourceVersion() == updated.GetResourceVersion() {
			return fmt.Errorf("nothing was changed")
		}
		return it.shown(watcher, watch.Modified, updated)
	}))
}

func (it trial[T, L]) shown(watcher watch.Interface, wanted watch.EventType, object T) error {
	select {
	case event := <-watcher.ResultChan():
		if event.Type != wanted || !equality.Semantic.DeepEqual(event.Object, object) {
			return fmt.Errorf("%s %v instead of %s %v", event.Type, event.Object, wanted, object)
		}
		return nil
	case <-time.After(20 * time.Second):
		return fmt.Errorf("the watch showed nothing")
	}
}

func (it trial[T, L]) patched(ctx context.Context, name string) {
	for _, one := range []struct {
		verb  string
		patch types.PatchType
		body  string
	}{
		{"patch json", types.JSONPatchType, `[{"op":"add","path":"/metadata/labels/by","value":"json"}]`},
		{"patch merge", types.MergePatchType, `{"metadata":{"labels":{"by":"merge"}}}`},
		{"patch strategic", types.StrategicMergePatchType, `{"metadata":{"labels":{"by":"strategic"}}}`},
	} {
		options := metav1.PatchOptions{FieldManager: "client", DryRun: []string{metav1.DryRunAll}}
		patched, err := it.client.Patch(ctx, name, one.patch, []byte(one.body), options)
		if err == nil && "patch "+patched.GetLabels()["by"] != one.verb {
			err = fmt.Errorf("the labels are %v", patched.GetLabels())
		}
		it.tell(one.verb, err)
	}
	body := fmt.Sprintf(`{"metadata":{"name":%q}}`, name)
	_, err := it.client.Patch(ctx, name, types.ApplyYAMLPatchType, []byte(body), metav1.PatchOptions{FieldManager: "client"})
	it.tell("patch apply", unless(errors.IsUnsupportedMediaType(err), err))
}

func (it trial[T, L]) deleted(ctx context.Context, name string) {
	other, zero, policy := types.UID("other"), int64(0), metav1.DeletePropagationBackground
	err := it.client.Delete(ctx, name, metav1.DeleteOptions{Preconditions: &metav1.Preconditions{UID: &other}})
	it.tell("delete other", unless(errors.IsConflict(err), err))
	current, err := it.plain.Get(ctx, name, metav1.GetOptions{})
	fail(err)
	uid := current.GetUID()
	options := metav1.DeleteOptions{Preconditions: &metav1.Preconditions{UID: &uid}, GracePeriodSeconds: &zero, PropagationPolicy: &policy}
	err = it.client.Delete(ctx, name, options)
	it.tell("delete", firstOf(err, func() error { return it.ended(ctx, name) }))
}

// An object that is gone, or that only its finalizers hold, which are taken away then.
func (it trial[T, L]) ended(ctx context.Context, name string) error {
	object, err := it.plain.Get(ctx, name, metav1.GetOptions{})
	if errors.IsNotFound(err) {
		return nil
	}
	if err == nil && object.GetDeletionTimestamp() == nil {
		err = fmt.Errorf("it is still there")
	}
	if err == nil && len(object.GetFinalizers()) > 0 {
		_, err = it.plain.Patch(ctx, name, types.MergePatchType, []byte(`{"metadata":{"finalizers":null}}`), metav1.PatchOptions{})
	}
	return err
}

// The error, or what the next step says if there is none.
func firstOf(err error, next func() error) error {
	if err != nil {
		return err
	}
	return next()
}

// Nothing if the refusal was the right one.
func unless(refused bool, err error) error {
	if refused {
		return nil
	}
	return fmt.Errorf("not the refusal that it should be: %v", err)
}
