"""What programs in Python do with claims, by the Kubernetes client. Prints a line of JSON for each step."""

import json
import threading

from kubernetes import client, config, watch

config.load_kube_config()
core = client.CoreV1Api()
namespace = "default"


def say(step, **seen):
    print(json.dumps({"step": step, **seen}), flush=True)


def name_and_label(claim):
    return [claim.metadata.name, (claim.metadata.labels or {}).get("app")]


say("list nodes", ready=[
    condition.status
    for node in core.list_node().items
    for condition in node.status.conditions
    if condition.type == "Ready"
])
before = core.list_namespaced_persistent_volume_claim(namespace)
say("list claims", claims=[name_and_label(claim) for claim in before.items])

events = []


def follow():
    stream = watch.Watch().stream(
        core.list_namespaced_persistent_volume_claim,
        namespace,
        resource_version=before.metadata.resource_version,
        timeout_seconds=60,
    )
    for event in stream:
        if event["type"] != "MODIFIED":
            events.append(event["type"])
        if event["type"] == "DELETED":
            return


follower = threading.Thread(target=follow)
follower.start()

created = core.create_namespaced_persistent_volume_claim(
    namespace,
    client.V1PersistentVolumeClaim(
        metadata=client.V1ObjectMeta(name="by-python"),
        spec=client.V1PersistentVolumeClaimSpec(
            storage_class_name="none-such",
            access_modes=["ReadWriteOnce"],
            resources=client.V1VolumeResourceRequirements(requests={"storage": "1Gi"}),
        ),
    ),
)
say("create", claim=name_and_label(created))
labels = {"metadata": {"labels": {"app": "web"}}}
patched = core.patch_namespaced_persistent_volume_claim("by-python", namespace, labels)
say("patch", claim=name_and_label(patched))
listed = core.list_namespaced_persistent_volume_claim(namespace, label_selector="app=web")
say("select", claims=[name_and_label(claim) for claim in listed.items])
try:
    core.read_namespaced_persistent_volume_claim("absent", namespace)
except client.ApiException as refusal:
    say("refuse", status=refusal.status, reason=json.loads(refusal.body)["reason"])
core.delete_namespaced_persistent_volume_claim("by-python", namespace)
follower.join(60)
say("watch", events=events)
