package main

import (
	"context"
	"fmt"

	authenticationv1 "k8s.io/api/authentication/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Questions that are asked by creating an object: who am I, may I, what may I, may they, whose is this.
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
	asked := authorizationv1.SubjectAccessReviewSpec{User: "nobody", ResourceAttributes: access.Spec.ResourceAttributes}
	others, err := form.client.AuthorizationV1().SubjectAccessReviews().Create(ctx, &authorizationv1.SubjectAccessReview{Spec: asked}, options)
	if err == nil && (others.Status.Allowed || others.Spec.User != "nobody") {
		err = fmt.Errorf("they may: %v", others)
	}
	form.tell("authorization.k8s.io/v1/SubjectAccessReview", "create", err)
	local := &authorizationv1.LocalSubjectAccessReview{ObjectMeta: metav1.ObjectMeta{Namespace: namespace}, Spec: asked}
	within, err := form.client.AuthorizationV1().LocalSubjectAccessReviews(namespace).Create(ctx, local, options)
	if err == nil && within.Status.Allowed {
		err = fmt.Errorf("they may there: %v", within)
	}
	form.tell("authorization.k8s.io/v1/LocalSubjectAccessReview", "create", err)
	token := &authenticationv1.TokenReview{Spec: authenticationv1.TokenReviewSpec{Token: "none"}}
	whose, err := form.client.AuthenticationV1().TokenReviews().Create(ctx, token, options)
	if err == nil && (whose.Status.Authenticated || whose.Status.Error == "") {
		err = fmt.Errorf("it is good: %v", whose)
	}
	form.tell("authentication.k8s.io/v1/TokenReview", "create", err)
}
