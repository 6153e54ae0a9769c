{{/* The sidecars of the Kubernetes project, beside our driver's socket. */}}
{{- define "moorage.upstreamControllers" -}}
{{- $common := list "--leader-election" "--leader-election-namespace=$(POD_NAMESPACE)" "--kube-api-qps=200" "--kube-api-burst=400" }}
{{- $csi := prepend $common "--csi-address=/run/moorage/csi.sock" }}
{{- $capacity := list "--enable-capacity" "--capacity-ownerref-level=2" }}
{{- $provisioner := concat $csi $capacity (list "--feature-gates=Topology=true" "--extra-create-metadata" "--worker-threads=100") }}
{{- $upstream := .Values.upstream }}
{{- $sidecars := list
  (dict "name" "csi-provisioner" "port" 9821 "image" $upstream.provisioner "args" $provisioner)
  (dict "name" "csi-resizer" "port" 9822 "image" $upstream.resizer "args" $csi)
  (dict "name" "csi-snapshotter" "port" 9823 "image" $upstream.snapshotter "args" (append $csi "--extra-create-metadata"))
  (dict "name" "snapshot-controller" "port" 9824 "image" $upstream.snapshotController "args" $common)
}}
{{- range $sidecars }}
{{- if .image }}
- name: {{ .name }}
  image: {{ .image }}
  imagePullPolicy: {{ $.Values.image.pullPolicy }}
  args: {{- append .args (printf "--http-endpoint=:%v" .port) | toYaml | nindent 4 }}
  env:
    - name: POD_NAME
      valueFrom: { fieldRef: { fieldPath: metadata.name } }
    - name: POD_NAMESPACE
      valueFrom: { fieldRef: { fieldPath: metadata.namespace } }
    - name: NAMESPACE
      valueFrom: { fieldRef: { fieldPath: metadata.namespace } }
  ports:
    - { name: {{ .name }}, containerPort: {{ .port }} }
  livenessProbe:
    httpGet: { path: /healthz/leader-election, port: {{ .name }} }
    periodSeconds: 20
    timeoutSeconds: 10
    failureThreshold: 6
  resources: {{- toYaml $.Values.upstream.resources | nindent 4 }}
  securityContext: {{- include "moorage.restricted" $ | nindent 4 }}
  volumeMounts:
    - { name: csi, mountPath: /run/moorage }
{{- end }}
{{- end }}
{{- end }}
