{{/* The metadata of what Prometheus reads: takes the root and labels by which it finds the object. */}}
{{- define "slotwarden.monitored" -}}
metadata:
  name: {{ include "slotwarden.fullname" .root | trunc 55 | trimSuffix "-" }}-metrics
  namespace: {{ .root.Release.Namespace }}
  labels:
    {{- include "slotwarden.releaseLabels" .root | nindent 4 }}
    app.kubernetes.io/component: metrics
    {{- include "slotwarden.mergedLabels" (list (include "slotwarden.moreLabels" .root) .more) | nindent 4 }}
{{- end -}}

{{- define "slotwarden.scraped" -}}
port: metrics
{{- with .interval }}
interval: {{ . }}
{{- end }}
{{- with .scrapeTimeout }}
scrapeTimeout: {{ . }}
{{- end }}
{{- end -}}

{{/* The groups of alerts, those of a gateway only where there is one. */}}
{{- define "slotwarden.alerts" -}}
{{- $values := .Values.metrics.rules -}}
{{- $known := list -}}
{{- $groups := list -}}
{{- range (.Files.Get "files/alerts.yaml" | replace "NAMESPACE" .Release.Namespace | fromYaml).groups -}}
{{- $rules := list -}}
{{- range .rules -}}
{{- $known = append $known .alert -}}
{{- if not (has .alert $values.disabled) -}}
{{- $_ := set .annotations "runbook_url" (printf "%s#%s" $values.runbookUrl (lower .alert)) -}}
{{- $_ := set . "labels" (merge (dict) $values.alertLabels .labels) -}}
{{- $rules = append $rules . -}}
{{- end -}}
{{- end -}}
{{- if and $rules (or $.Values.gateway.enabled (ne .name "slotwarden-gateway")) -}}
{{- $groups = append $groups (dict "name" .name "rules" $rules) -}}
{{- end -}}
{{- end -}}
{{- range $values.disabled -}}
{{- if not (has . $known) }}{{ fail (printf "metrics.rules.disabled: there is no alert %s" .) }}{{ end -}}
{{- end -}}
{{- toYaml $groups -}}
{{- end -}}
