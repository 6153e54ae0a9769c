package main

import (
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	storagev1 "k8s.io/api/storage/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	coordination "k8s.io/client-go/kubernetes/typed/coordination/v1"
	core "k8s.io/client-go/kubernetes/typed/core/v1"
	events "k8s.io/client-go/kubernetes/typed/events/v1"
	rbac "k8s.io/client-go/kubernetes/typed/rbac/v1"
	storage "k8s.io/client-go/kubernetes/typed/storage/v1"
	"k8s.io/utils/ptr"
)

const namespace = "default"

var (
	gibibyte = corev1.ResourceList{corev1.ResourceStorage: resource.MustParse("1Gi")}
	claims   = corev1.ResourceList{"persistentvolumeclaims": resource.MustParse("7")}
	now      = metav1.NewTime(time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC))
	micro    = metav1.NewMicroTime(time.Date(2030, 1, 2, 3, 4, 5, 678901000, time.UTC))
	modes    = []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce}
	subjects = []rbacv1.Subject{{Kind: "User", APIGroup: rbacv1.GroupName, Name: "bob"}}
	rules    = []rbacv1.PolicyRule{{Verbs: []string{"get"}, APIGroups: []string{""}, Resources: []string{"pods"}}}
	topology = &metav1.LabelSelector{MatchLabels: map[string]string{"zone": "a"}}
)

// Every kind of Kubernetes' own that can be written.
var kinds = []Kind{
	of[*corev1.ConfigMap, *corev1.ConfigMapList]("v1/ConfigMap",
		func(it kubernetes.Interface) core.ConfigMapInterface { return it.CoreV1().ConfigMaps(namespace) },
		func() *corev1.ConfigMap {
			return &corev1.ConfigMap{Data: map[string]string{"a": "b", "empty": ""}, BinaryData: map[string][]byte{"c": {0, 255}}}
		}, nil),
	of[*corev1.Secret, *corev1.SecretList]("v1/Secret",
		func(it kubernetes.Interface) core.SecretInterface { return it.CoreV1().Secrets(namespace) },
		func() *corev1.Secret {
			return &corev1.Secret{Data: map[string][]byte{"a": {0, 1, 255}}, StringData: map[string]string{"b": "c"}}
		}, nil),
	of[*corev1.Event, *corev1.EventList]("v1/Event",
		func(it kubernetes.Interface) core.EventInterface { return it.CoreV1().Events(namespace) },
		func() *corev1.Event {
			return &corev1.Event{
				InvolvedObject: corev1.ObjectReference{Kind: "Node", Name: "n", Namespace: namespace}, Reason: "Tried", Count: 3,
				Message: "m", Type: "Normal", FirstTimestamp: now, LastTimestamp: now, Source: corev1.EventSource{Component: "c"},
			}
		}, nil),
	of[*eventsv1.Event, *eventsv1.EventList]("events.k8s.io/v1/Event",
		func(it kubernetes.Interface) events.EventInterface { return it.EventsV1().Events(namespace) },
		func() *eventsv1.Event {
			return &eventsv1.Event{
				EventTime: micro, ReportingController: "example.com/c", ReportingInstance: "c-1", Action: "Try", Reason: "Tried",
				Regarding: corev1.ObjectReference{Kind: "ConfigMap", Name: "n", Namespace: namespace}, Note: "n", Type: "Warning",
			}
		}, nil),
	of[*corev1.Namespace, *corev1.NamespaceList]("v1/Namespace",
		func(it kubernetes.Interface) core.NamespaceInterface { return it.CoreV1().Namespaces() },
		func() *corev1.Namespace { return &corev1.Namespace{} },
		func(it *corev1.Namespace) {
			it.Status.Conditions = []corev1.NamespaceCondition{{Type: "Tried", Status: "True", LastTransitionTime: now}}
		}),
	of[*corev1.Node, *corev1.NodeList]("v1/Node",
		func(it kubernetes.Interface) core.NodeInterface { return it.CoreV1().Nodes() },
		func() *corev1.Node {
			return &corev1.Node{Spec: corev1.NodeSpec{Unschedulable: true, ProviderID: "p://1", PodCIDRs: []string{"10.0.0.0/24"}}}
		},
		func(it *corev1.Node) {
			it.Status.Capacity = gibibyte
			it.Status.Conditions = []corev1.NodeCondition{{Type: "Ready", Status: "True", LastHeartbeatTime: now, LastTransitionTime: now}}
			it.Status.NodeInfo.KernelVersion = "6.1"
		}),
	of[*corev1.PersistentVolumeClaim, *corev1.PersistentVolumeClaimList]("v1/PersistentVolumeClaim",
		func(it kubernetes.Interface) core.PersistentVolumeClaimInterface {
			return it.CoreV1().PersistentVolumeClaims(namespace)
		},
		func() *corev1.PersistentVolumeClaim {
			return &corev1.PersistentVolumeClaim{Spec: corev1.PersistentVolumeClaimSpec{
				AccessModes: modes, StorageClassName: ptr.To(""), Selector: topology,
				Resources: corev1.VolumeResourceRequirements{Requests: gibibyte},
			}}
		},
		func(it *corev1.PersistentVolumeClaim) {
			it.Status.Phase, it.Status.Capacity, it.Status.AccessModes = corev1.ClaimBound, gibibyte, modes
		}),
	of[*corev1.PersistentVolume, *corev1.PersistentVolumeList]("v1/PersistentVolume",
		func(it kubernetes.Interface) core.PersistentVolumeInterface { return it.CoreV1().PersistentVolumes() },
		func() *corev1.PersistentVolume {
			volume := corev1.PersistentVolumeSource{CSI: &corev1.CSIPersistentVolumeSource{
				Driver: "example.com", VolumeHandle: "h", VolumeAttributes: map[string]string{"a": "b"},
			}}
			return &corev1.PersistentVolume{Spec: corev1.PersistentVolumeSpec{
				Capacity: gibibyte, AccessModes: modes, PersistentVolumeSource: volume, MountOptions: []string{"noatime"},
			}}
		},
		func(it *corev1.PersistentVolume) { it.Status.Phase = corev1.VolumeReleased }),
	of[*corev1.LimitRange, *corev1.LimitRangeList]("v1/LimitRange",
		func(it kubernetes.Interface) core.LimitRangeInterface {
			return it.CoreV1().LimitRanges(namespace)
		},
		func() *corev1.LimitRange {
			limit := corev1.LimitRangeItem{Type: corev1.LimitTypePersistentVolumeClaim, Max: gibibyte}
			return &corev1.LimitRange{Spec: corev1.LimitRangeSpec{Limits: []corev1.LimitRangeItem{limit}}}
		},
		nil),
	of[*corev1.ResourceQuota, *corev1.ResourceQuotaList]("v1/ResourceQuota",
		func(it kubernetes.Interface) core.ResourceQuotaInterface {
			return it.CoreV1().ResourceQuotas(namespace)
		},
		func() *corev1.ResourceQuota {
			return &corev1.ResourceQuota{Spec: corev1.ResourceQuotaSpec{Hard: claims}}
		},
		func(it *corev1.ResourceQuota) { it.Status.Hard, it.Status.Used = claims, claims }),
	of[*corev1.ServiceAccount, *corev1.ServiceAccountList]("v1/ServiceAccount",
		func(it kubernetes.Interface) core.ServiceAccountInterface {
			return it.CoreV1().ServiceAccounts(namespace)
		},
		func() *corev1.ServiceAccount {
			return &corev1.ServiceAccount{
				Secrets: []corev1.ObjectReference{{Name: "s"}}, AutomountServiceAccountToken: ptr.To(false),
			}
		}, nil),
	of[*coordinationv1.Lease, *coordinationv1.LeaseList]("coordination.k8s.io/v1/Lease",
		func(it kubernetes.Interface) coordination.LeaseInterface {
			return it.CoordinationV1().Leases(namespace)
		},
		func() *coordinationv1.Lease {
			return &coordinationv1.Lease{Spec: coordinationv1.LeaseSpec{
				HolderIdentity: ptr.To("a"), LeaseDurationSeconds: ptr.To(int32(15)), RenewTime: &micro,
			}}
		}, nil),
	of[*rbacv1.Role, *rbacv1.RoleList]("rbac.authorization.k8s.io/v1/Role",
		func(it kubernetes.Interface) rbac.RoleInterface { return it.RbacV1().Roles(namespace) },
		func() *rbacv1.Role { return &rbacv1.Role{Rules: rules} }, nil),
	of[*rbacv1.ClusterRole, *rbacv1.ClusterRoleList]("rbac.authorization.k8s.io/v1/ClusterRole",
		func(it kubernetes.Interface) rbac.ClusterRoleInterface { return it.RbacV1().ClusterRoles() },
		func() *rbacv1.ClusterRole { return &rbacv1.ClusterRole{Rules: rules} }, nil),
	of[*rbacv1.RoleBinding, *rbacv1.RoleBindingList]("rbac.authorization.k8s.io/v1/RoleBinding",
		func(it kubernetes.Interface) rbac.RoleBindingInterface { return it.RbacV1().RoleBindings(namespace) },
		func() *rbacv1.RoleBinding {
			return &rbacv1.RoleBinding{Subjects: subjects, RoleRef: rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: "r"}}
		}, nil),
	of[*rbacv1.ClusterRoleBinding, *rbacv1.ClusterRoleBindingList]("rbac.authorization.k8s.io/v1/ClusterRoleBinding",
		func(it kubernetes.Interface) rbac.ClusterRoleBindingInterface {
			return it.RbacV1().ClusterRoleBindings()
		},
		func() *rbacv1.ClusterRoleBinding {
			return &rbacv1.ClusterRoleBinding{Subjects: subjects, RoleRef: rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: "r"}}
		}, nil),
	of[*storagev1.CSIDriver, *storagev1.CSIDriverList]("storage.k8s.io/v1/CSIDriver",
		func(it kubernetes.Interface) storage.CSIDriverInterface { return it.StorageV1().CSIDrivers() },
		func() *storagev1.CSIDriver {
			return &storagev1.CSIDriver{Spec: storagev1.CSIDriverSpec{AttachRequired: ptr.To(false)}}
		}, nil),
	of[*storagev1.CSINode, *storagev1.CSINodeList]("storage.k8s.io/v1/CSINode",
		func(it kubernetes.Interface) storage.CSINodeInterface { return it.StorageV1().CSINodes() },
		func() *storagev1.CSINode {
			driver := storagev1.CSINodeDriver{
				Name: "example.com", NodeID: "n", TopologyKeys: []string{"zone"},
				Allocatable: &storagev1.VolumeNodeResources{Count: ptr.To(int32(0))},
			}
			return &storagev1.CSINode{Spec: storagev1.CSINodeSpec{Drivers: []storagev1.CSINodeDriver{driver}}}
		}, nil),
	of[*storagev1.CSIStorageCapacity, *storagev1.CSIStorageCapacityList]("storage.k8s.io/v1/CSIStorageCapacity",
		func(it kubernetes.Interface) storage.CSIStorageCapacityInterface {
			return it.StorageV1().CSIStorageCapacities(namespace)
		},
		func() *storagev1.CSIStorageCapacity {
			capacity := resource.MustParse("1Gi")
			return &storagev1.CSIStorageCapacity{StorageClassName: "fast", Capacity: &capacity, NodeTopology: topology}
		}, nil),
	of[*storagev1.StorageClass, *storagev1.StorageClassList]("storage.k8s.io/v1/StorageClass",
		func(it kubernetes.Interface) storage.StorageClassInterface { return it.StorageV1().StorageClasses() },
		func() *storagev1.StorageClass {
			terms := []corev1.TopologySelectorTerm{{MatchLabelExpressions: []corev1.TopologySelectorLabelRequirement{{Key: "zone", Values: []string{"a"}}}}}
			return &storagev1.StorageClass{
				Provisioner: "example.com", Parameters: map[string]string{"a": "b"}, AllowVolumeExpansion: ptr.To(true),
				AllowedTopologies: terms, VolumeBindingMode: ptr.To(storagev1.VolumeBindingWaitForFirstConsumer),
			}
		}, nil),
	of[*storagev1.VolumeAttachment, *storagev1.VolumeAttachmentList]("storage.k8s.io/v1/VolumeAttachment",
		func(it kubernetes.Interface) storage.VolumeAttachmentInterface {
			return it.StorageV1().VolumeAttachments()
		},
		func() *storagev1.VolumeAttachment {
			return &storagev1.VolumeAttachment{Spec: storagev1.VolumeAttachmentSpec{
				Attacher: "example.com", NodeName: "n", Source: storagev1.VolumeAttachmentSource{PersistentVolumeName: ptr.To("pv")},
			}}
		},
		func(it *storagev1.VolumeAttachment) {
			it.Status.Attached, it.Status.AttachmentMetadata = true, map[string]string{"a": "b"}
		}),
	of[*storagev1.VolumeAttributesClass, *storagev1.VolumeAttributesClassList]("storage.k8s.io/v1/VolumeAttributesClass",
		func(it kubernetes.Interface) storage.VolumeAttributesClassInterface {
			return it.StorageV1().VolumeAttributesClasses()
		},
		func() *storagev1.VolumeAttributesClass {
			return &storagev1.VolumeAttributesClass{DriverName: "example.com", Parameters: map[string]string{"a": "b"}}
		}, nil),
}
