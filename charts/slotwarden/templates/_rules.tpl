{{/* What the operator does in each namespace, and nothing else. */}}
{{- define "slotwarden.rules" -}}
- apiGroups: [slotwarden.io]
  resources: [secretslots, envsecrets]
  # patch: an inline value is removed from the object.
  verbs: [get, list, watch, patch]
- apiGroups: [slotwarden.io]
  resources: [secretslots/status, envsecrets/status]
  verbs: [patch]
- apiGroups: [""]
  resources: [secrets]
  verbs: [get, list, watch, create, patch, delete]
- apiGroups: [""]
  resources: [events]
  verbs: [create]
{{- end -}}

{{/* What the gateway does in each namespace, and nothing else. */}}
{{- define "slotwarden.gatewayRules" -}}
{{- if .Values.gateway.publishedApis.enabled }}
- apiGroups: [slotwarden.io]
  resources: [secretslots, envsecrets]
  verbs: [get, list, watch, create, patch, delete]
# Asked for by the policies of whoever changes where a value is sent; it asks its callers for the same.
- apiGroups: [values.slotwarden.io]
  resources: [secretslots/value]
  verbs: [create]
{{- else }}
- apiGroups: [slotwarden.io]
  resources: [secretslots, envsecrets]
  verbs: [get]
# Others that stand for the same key.
- apiGroups: [slotwarden.io]
  resources: [envsecrets]
  verbs: [list]
{{- end }}
- apiGroups: [slotwarden.io]
  resources: [secretslots/status, envsecrets/status]
  verbs: [patch]
{{- end -}}

{{/* A policy's binding, in the namespaces that the release works in: takes the root, the policy's name, the action. */}}
{{- define "slotwarden.policyBinding" -}}
{{- $selector := .root.Values.policies.namespaceSelector }}
{{- if and .root.Values.namespaces (not $selector) }}
{{- $only := dict "key" "kubernetes.io/metadata.name" "operator" "In" "values" (uniq .root.Values.namespaces) }}
{{- $selector = dict "matchExpressions" (list $only) }}
{{- end -}}
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata:
  name: {{ include "slotwarden.uniqueName" .root }}.{{ .policy }}
  labels:
    {{- include "slotwarden.labels" .root | nindent 4 }}
spec:
  policyName: {{ include "slotwarden.uniqueName" .root }}.{{ .policy }}
  validationActions: [{{ .action }}]
  {{- with $selector }}
  matchResources:
    namespaceSelector:
      {{- toYaml . | nindent 6 }}
  {{- end }}
{{- end -}}

{{/* A ClusterRole for people, but its rules: takes the root, its name, and the roles of Kubernetes that it goes into. */}}
{{- define "slotwarden.role" -}}
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata:
  name: {{ include "slotwarden.fullname" .root }}-{{ .name }}
  labels:
    {{- include "slotwarden.releaseLabels" .root | nindent 4 }}
    app.kubernetes.io/component: roles
    {{- include "slotwarden.moreLabels" .root | nindent 4 }}
    {{- if .root.Values.roles.aggregate }}
    {{- range .partOf }}
    rbac.authorization.k8s.io/aggregate-to-{{ . }}: "true"
    {{- end }}
    {{- end }}
{{- end -}}

{{/* The namespaces that no slot may project into: those that `namespaces` names are meant to. */}}
{{- define "slotwarden.systemNamespaces" -}}
{{- with .Values.policies.systemNamespaces -}}
{{- range uniq (append . $.Release.Namespace) }}
{{- if not (has . $.Values.namespaces) }}
- {{ . | quote }}
{{- end }}
{{- end }}
{{- end -}}
{{- end -}}
