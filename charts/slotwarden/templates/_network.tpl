{{/* Who may look at a pod: the kubelet's probes come from no pod that could be selected. */}}
{{- define "slotwarden.watched" -}}
- ports:
    - port: health
- ports:
    - port: metrics
  {{- with .Values.networkPolicy.metricsFrom }}
  from:
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end -}}

{{/* Where a pod goes: the API server, Vault, and the names of both. */}}
{{- define "slotwarden.egress" -}}
{{- $vault := urlParse .Values.vault.address -}}
{{- $default := ternary "443" "80" (eq $vault.scheme "https") -}}
{{- with .Values.networkPolicy -}}
- ports:
    {{- range .dnsPorts }}
    - port: {{ . }}
      protocol: UDP
    - port: {{ . }}
      protocol: TCP
    {{- end }}
  {{- with .dnsTo }}
  to:
    {{- toYaml . | nindent 4 }}
  {{- end }}
- ports:
    {{- range .apiServerPorts }}
    - port: {{ . }}
    {{- end }}
  {{- with .apiServerTo }}
  to:
    {{- toYaml . | nindent 4 }}
  {{- end }}
- ports:
    - port: {{ regexFind ":[0-9]+$" $vault.host | trimPrefix ":" | default $default }}
  {{- with .vaultTo }}
  to:
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- with .extraEgress }}
{{ toYaml . }}
{{- end }}
{{- end }}
{{- end -}}
