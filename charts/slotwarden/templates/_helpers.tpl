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

{{- define "slotwarden.gatewayName" -}}
{{- printf "%s-gateway" (include "slotwarden.fullname" . | trunc 55 | trimSuffix "-") -}}
{{- end -}}

{{/* For objects outside the release's namespace: two releases of one name in two namespaces do not collide. */}}
{{- define "slotwarden.uniqueName" -}}
{{- printf "%s.%s" (include "slotwarden.fullname" .) .Release.Namespace -}}
{{- end -}}

{{/* With the rights of a namespace's `default`, every pod there would have those of the operator. */}}
{{- define "slotwarden.serviceAccountName" -}}
{{- with .Values.serviceAccount -}}
{{- if not (or .create .name) }}{{ fail "serviceAccount.create is false: name the one to use in serviceAccount.name" }}{{ end -}}
{{- default (include "slotwarden.fullname" $) .name -}}
{{- end -}}
{{- end -}}

{{- define "slotwarden.gatewayServiceAccountName" -}}
{{- with .Values.gateway.serviceAccount -}}
{{- if not (or .create .name) -}}
{{- fail "gateway.serviceAccount.create is false: name the one to use in gateway.serviceAccount.name" -}}
{{- end -}}
{{- default (include "slotwarden.gatewayName" $) .name -}}
{{- end -}}
{{- end -}}

{{- define "slotwarden.subject" -}}
- kind: ServiceAccount
  name: {{ include "slotwarden.serviceAccountName" . }}
  namespace: {{ .Release.Namespace }}
{{- end -}}

{{- define "slotwarden.gatewaySubject" -}}
- kind: ServiceAccount
  name: {{ include "slotwarden.gatewayServiceAccountName" . }}
  namespace: {{ .Release.Namespace }}
{{- end -}}

{{/* All that belongs to the release, whichever part of it. */}}
{{- define "slotwarden.releaseLabels" -}}
app.kubernetes.io/name: {{ include "slotwarden.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "slotwarden.selectorLabels" -}}
{{ include "slotwarden.releaseLabels" . }}
app.kubernetes.io/component: operator
{{- end -}}

{{- define "slotwarden.gatewaySelectorLabels" -}}
{{ include "slotwarden.releaseLabels" . }}
app.kubernetes.io/component: gateway
{{- end -}}

{{- define "slotwarden.moreLabels" -}}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "slotwarden.labels" -}}
{{ include "slotwarden.selectorLabels" . }}
{{ include "slotwarden.moreLabels" . }}
{{- end -}}

{{- define "slotwarden.gatewayLabels" -}}
{{ include "slotwarden.gatewaySelectorLabels" . }}
{{ include "slotwarden.moreLabels" . }}
{{- end -}}

{{/* Labels, and those of one object over them. A key that stands twice would be refused by what reads YAML strictly. */}}
{{- define "slotwarden.mergedLabels" -}}
{{- merge (dict) (last . | default dict) (first . | fromYaml) | toYaml -}}
{{- end -}}
