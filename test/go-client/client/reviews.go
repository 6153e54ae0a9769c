package main

import (
	"context"
	"fmt"

	authenticationv1 "k8s.io/api/authentication/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Questions that are asked by creating an object: who am I, may I, what may I.
func tryReviews(ctx context.Context, form *Form) {
	options := metav1.CreateOptions{}
	who, err := form.client.AuthenticationV1().SelfSubjectReviews().Create(ctx, &authenticationv1.SelfSubjectReview{}, options)
	if err == nil && who.Status.UserInfo.Username != "moorage-administrator" {
		err = fmt.Errorf("I am %v", who)
	}
	form.tell("authentication.k8s.io/v1/SelfSubjectReview", "create", err)
	access := &authorizationv1.SelfSubjectAccessReview{}
	access.Spec.ResourceAttributes = &authorizationv1.ResourceAttributes{Verb: "get", Resource: "pods", Namespace: namespace}
	may, err := form.client.AuthorizationV1().SelfSubjectAccessReviews().Create(ctx, access, options)
	if err == nil && (!may.Status.Allowed || may.Spec.ResourceAttributes.Resource != "pods") {
		err = fmt.Errorf("I may not: %v", may)
	}
	form.tell("authorization.k8s.io/v1/SelfSubjectAccessReview", "create", err)
	rules := &authorizationv1.SelfSubjectRulesReview{Spec: authorizationv1.SelfSubjectRulesReviewSpec{Namespace: namespace}}
	what, err := form.client.AuthorizationV1().SelfSubjectRulesReviews().Create(ctx, rules, options)
	if err == nil && len(what.Status.ResourceRules) == 0 {
		err = fmt.Errorf("I may do nothing: %v", what)
	}
	form.tell("authorization.k8s.io/v1/SelfSubjectRulesReview", "create", err)
}
