package main

import (
	"context"
	"fmt"
	"time"

	"github.com/go-logr/logr"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/rest"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"
	"sigs.k8s.io/controller-runtime/pkg/metrics/server"
)

const finalizer = "moorage.test/managed"

// What operators are made of: a manager that is elected, a cache, and a reconciler that keeps a Secret for each
// ConfigMap and takes leave of one that is deleted.
func tryManager(ctx context.Context, config *rest.Config) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	ctrl.SetLogger(logr.Discard())
	manager, err := ctrl.NewManager(config, ctrl.Options{
		LeaderElection: true, LeaderElectionID: "manager", LeaderElectionNamespace: namespace,
		LeaderElectionReleaseOnCancel: true,
		Metrics:                       server.Options{BindAddress: "0"},
	})
	if err != nil {
		return err
	}
	kept := &keeper{manager.GetClient()}
	if err := ctrl.NewControllerManagedBy(manager).For(&corev1.ConfigMap{}).Owns(&corev1.Secret{}).Complete(kept); err != nil {
		return err
	}
	ended := make(chan error, 1)
	go func() { ended <- manager.Start(ctx) }()
	<-manager.Elected()
	say(Result{Kind: "manager", Verb: "lead"})
	if err := keepOne(ctx, manager); err != nil {
		return err
	}
	stop()
	return <-ended
}

// A ConfigMap gets its Secret, again when somebody takes that away, and goes only after its finalizer.
func keepOne(ctx context.Context, manager ctrl.Manager) error {
	direct, err := client.New(manager.GetConfig(), client.Options{})
	if err != nil {
		return err
	}
	one := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "managed"}, Data: map[string]string{"a": "b"}}
	if err := direct.Create(ctx, one); err != nil {
		return err
	}
	secret := &corev1.Secret{}
	made := func(ctx context.Context) (bool, error) {
		err := direct.Get(ctx, client.ObjectKeyFromObject(one), secret)
		return err == nil && string(secret.Data["a"]) == "b", client.IgnoreNotFound(err)
	}
	for _, verb := range []string{"made", "made again"} {
		if err := wait.PollUntilContextCancel(ctx, 20*time.Millisecond, true, made); err != nil {
			return fmt.Errorf("waiting for the Secret: %w", err)
		}
		say(Result{Kind: "v1/Secret", Verb: verb})
		if err := direct.Delete(ctx, secret, client.Preconditions{UID: &secret.UID}); err != nil {
			return err
		}
	}
	if err := direct.Delete(ctx, one, client.PropagationPolicy(metav1.DeletePropagationBackground)); err != nil {
		return err
	}
	return wait.PollUntilContextCancel(ctx, 20*time.Millisecond, true, func(ctx context.Context) (bool, error) {
		err := direct.Get(ctx, client.ObjectKeyFromObject(one), one)
		return apierrors.IsNotFound(err), client.IgnoreNotFound(err)
	})
}

type keeper struct{ client.Client }

func (k *keeper) Reconcile(ctx context.Context, request ctrl.Request) (ctrl.Result, error) {
	one := &corev1.ConfigMap{}
	if err := k.Get(ctx, request.NamespacedName, one); err != nil {
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	before := one.DeepCopy()
	if !one.DeletionTimestamp.IsZero() {
		if controllerutil.RemoveFinalizer(one, finalizer) {
			say(Result{Kind: "v1/ConfigMap", Verb: "taken leave of"})
			return ctrl.Result{}, client.IgnoreNotFound(k.Patch(ctx, one, client.MergeFrom(before)))
		}
		return ctrl.Result{}, nil
	}
	if controllerutil.AddFinalizer(one, finalizer) {
		if err := k.Patch(ctx, one, client.MergeFromWithOptions(before, client.MergeFromWithOptimisticLock{})); err != nil {
			return ctrl.Result{}, err
		}
	}
	secret := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: one.Namespace, Name: one.Name}}
	_, err := controllerutil.CreateOrUpdate(ctx, k.Client, secret, func() error {
		secret.StringData = one.Data
		return controllerutil.SetControllerReference(one, secret, k.Scheme())
	})
	return ctrl.Result{}, err
}
