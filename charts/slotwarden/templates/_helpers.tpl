{{- define "slotwarden.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{- define "slotwarden.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 63 | trimSuffix "-" -}}
{{- else if contains (include "slotwarden.name" .) .Release.Name -}}
{{- .Release.Name | trunc 63 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name (include "slotwarden.name" .) | trunc 63 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{/* For objects outside the release's namespace: two releases of one name in two namespaces do not collide. */}}
{{- define "slotwarden.uniqueName" -}}
{{- printf "%s.%s" (include "slotwarden.fullname" .) .Release.Namespace -}}
{{- end -}}

{{- define "slotwarden.serviceAccountName" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "slotwarden.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- default "default" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{- define "slotwarden.selectorLabels" -}}
app.kubernetes.io/name: {{ include "slotwarden.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/component: operator
{{- end -}}

{{- define "slotwarden.labels" -}}
{{ include "slotwarden.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end -}}

{{- define "slotwarden.subject" -}}
- kind: ServiceAccount
  name: {{ include "slotwarden.serviceAccountName" . }}
  namespace: {{ .Release.Namespace }}
{{- end -}}

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

{{/* What operator and gateway are told alike: takes the root, the role and the component's Secret of a token. */}}
{{- define "slotwarden.env" -}}
{{- with .root.Values.namespaces -}}
- name: SLOTWARDEN_NAMESPACE
  value: {{ uniq . | join " " | quote }}
{{ end -}}
{{- with .root.Values.vault -}}
- name: SLOTWARDEN_VAULT_ADDRESS
  value: {{ .address | quote }}
- name: SLOTWARDEN_VAULT_AUTH
  value: {{ .auth | quote }}
{{- if eq .auth "kubernetes" }}
- name: SLOTWARDEN_VAULT_ROLE
  value: {{ $.role | quote }}
- name: SLOTWARDEN_VAULT_AUTH_MOUNT
  value: {{ .authMount | quote }}
{{- else }}
- name: SLOTWARDEN_VAULT_TOKEN_FILE
  value: /etc/slotwarden/vault-token/token
{{- end }}
- name: SLOTWARDEN_VAULT_MOUNT
  value: {{ .mount | quote }}
{{- with .transitMount }}
- name: SLOTWARDEN_TRANSIT_MOUNT
  value: {{ . | quote }}
{{- end }}
- name: SLOTWARDEN_VAULT_PREFIX
  value: {{ .prefix | quote }}
{{- with .namespace }}
- name: VAULT_NAMESPACE
  value: {{ . | quote }}
{{- end }}
{{- if .caSecret.name }}
- name: VAULT_CACERT
  value: /etc/slotwarden/vault-ca/ca.crt
{{- end }}
{{- end }}
- name: SLOTWARDEN_LOG_FORMAT
  value: {{ .root.Values.logFormat | quote }}
- name: SLOTWARDEN_LISTEN_ADDRESS
  value: 0.0.0.0
- name: SLOTWARDEN_HEALTH_PORT
  value: {{ .root.Values.ports.health | quote }}
- name: SLOTWARDEN_METRICS_PORT
  value: {{ .root.Values.ports.metrics | quote }}
{{- end -}}

{{/* The files of Vault's CA and token, and of a certificate: takes the root and the Secrets of the latter two. */}}
{{- define "slotwarden.volumeMounts" -}}
{{- if .root.Values.vault.caSecret.name }}
- name: vault-ca
  mountPath: /etc/slotwarden/vault-ca
  readOnly: true
{{- end }}
{{- if eq .root.Values.vault.auth "token" }}
- name: vault-token
  mountPath: /etc/slotwarden/vault-token
  readOnly: true
{{- end }}
{{- if .tls }}
- name: tls
  mountPath: /etc/slotwarden/tls
  readOnly: true
{{- end }}
{{- end -}}

{{- define "slotwarden.volumes" -}}
{{- with .root.Values.vault.caSecret }}
{{- if .name }}
- name: vault-ca
  secret:
    secretName: {{ .name }}
    items:
      - key: {{ .key }}
        path: ca.crt
{{- end }}
{{- end }}
{{- if eq .root.Values.vault.auth "token" }}
- name: vault-token
  secret:
    secretName: {{ .token.name }}
    items:
      - key: {{ .token.key }}
        path: token
{{- end }}
{{- with .tls }}
- name: tls
  secret:
    secretName: {{ . }}
{{- end }}
{{- end -}}

{{- define "slotwarden.image" -}}
{{- $tag := default .Chart.AppVersion .Values.image.tag -}}
{{ .Values.image.repository }}{{ if .Values.image.digest }}@{{ .Values.image.digest }}{{ else }}:{{ $tag }}{{ end }}
{{- end -}}

{{- define "slotwarden.gatewayName" -}}
{{- printf "%s-gateway" (include "slotwarden.fullname" . | trunc 55 | trimSuffix "-") -}}
{{- end -}}

{{- define "slotwarden.gatewayServiceAccountName" -}}
{{- default (include "slotwarden.gatewayName" .) .Values.gateway.serviceAccount.name -}}
{{- end -}}

{{- define "slotwarden.gatewaySelectorLabels" -}}
app.kubernetes.io/name: {{ include "slotwarden.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/component: gateway
{{- end -}}

{{- define "slotwarden.gatewayLabels" -}}
{{ include "slotwarden.gatewaySelectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end -}}

{{- define "slotwarden.gatewaySubject" -}}
- kind: ServiceAccount
  name: {{ include "slotwarden.gatewayServiceAccountName" . }}
  namespace: {{ .Release.Namespace }}
{{- end -}}

{{/* What the gateway does in each namespace, and nothing else. */}}
{{- define "slotwarden.gatewayRules" -}}
- apiGroups: [slotwarden.io]
  resources: [secretslots, envsecrets]
  verbs: [get, list, watch, create, patch, delete]
- apiGroups: [slotwarden.io]
  resources: [secretslots/status, envsecrets/status]
  verbs: [patch]
# Asked for by the policies of whoever changes where a value is sent; it asks its callers for the same.
- apiGroups: [values.slotwarden.io]
  resources: [secretslots/value, envsecrets/value]
  verbs: [create]
{{- end -}}
