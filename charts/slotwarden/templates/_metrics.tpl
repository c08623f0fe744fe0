{{/* The metadata of what Prometheus reads: takes the root and labels by which it finds the object. */}}
{{- define "slotwarden.monitored" -}}
metadata:
  name: {{ include "slotwarden.fullname" .root }}-metrics
  namespace: {{ .root.Release.Namespace }}
  labels:
    {{- include "slotwarden.releaseLabels" .root | nindent 4 }}
    app.kubernetes.io/component: metrics
    {{- include "slotwarden.moreLabels" .root | nindent 4 }}
    {{- with .more }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
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
