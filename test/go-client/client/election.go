package main

import (
	"context"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/leaderelection"
	"k8s.io/client-go/tools/leaderelection/resourcelock"
)

// Two candidates for one Lease: the second leads when the first has given it up.
func tryElection(ctx context.Context, config *rest.Config) error {
	for _, identity := range []string{"first", "second"} {
		if err := lead(ctx, config, identity); err != nil {
			return err
		}
	}
	return nil
}

func lead(ctx context.Context, config *rest.Config, identity string) error {
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	lock := &resourcelock.LeaseLock{
		LeaseMeta:  metav1.ObjectMeta{Namespace: namespace, Name: "leader"},
		Client:     client.CoordinationV1(),
		LockConfig: resourcelock.ResourceLockConfig{Identity: identity},
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	leaderelection.RunOrDie(ctx, leaderelection.LeaderElectionConfig{
		Lock: lock, LeaseDuration: 60 * time.Second, RenewDeadline: 40 * time.Second, RetryPeriod: 200 * time.Millisecond,
		ReleaseOnCancel: true,
		Callbacks: leaderelection.LeaderCallbacks{
			OnStartedLeading: func(ctx context.Context) {
				// Until it has renewed the Lease at least once.
				before, err := client.CoordinationV1().Leases(namespace).Get(ctx, "leader", metav1.GetOptions{})
				for err == nil {
					current, failed := client.CoordinationV1().Leases(namespace).Get(ctx, "leader", metav1.GetOptions{})
					if err = failed; err == nil && current.Spec.RenewTime.After(before.Spec.RenewTime.Time) {
						break
					}
					time.Sleep(20 * time.Millisecond)
				}
				result := Result{Kind: identity, Verb: "lead"}
				if err != nil {
					result.Error = err.Error()
				}
				say(result)
				stop()
			},
			OnStoppedLeading: func() {},
		},
	})
	return nil
}
