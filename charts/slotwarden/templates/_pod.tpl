{{/*
Operator and gateway have their pods alike. All of this takes a dict of:
  root, settings: the values, and the part of them that is the component's own (all of them for the operator);
  account, labels: the names of its ServiceAccount, and what its pods are selected by;
  role, token, tls: its role in Vault, the Secrets of its token and of its certificate.
*/}}
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
{{- if .audience }}
- name: SLOTWARDEN_VAULT_JWT_FILE
  value: /etc/slotwarden/vault-login/token
{{- end }}
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
{{- with .root.Values.clusterId }}
- name: SLOTWARDEN_CLUSTER_ID
  value: {{ . | quote }}
{{- end }}
- name: SLOTWARDEN_LOG_FORMAT
  value: {{ .root.Values.logFormat | quote }}
- name: SLOTWARDEN_LOG_LEVEL
  value: {{ .root.Values.logLevel | quote }}
- name: SLOTWARDEN_LISTEN_ADDRESS
  value: 0.0.0.0
- name: SLOTWARDEN_HEALTH_PORT
  value: {{ .root.Values.ports.health | quote }}
- name: SLOTWARDEN_METRICS_PORT
  value: {{ .root.Values.ports.metrics | quote }}
{{- with .settings.extraEnv }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* What is beside the containers. The token is mounted into the one container that uses it, and into none that others add. */}}
{{- define "slotwarden.podSettings" -}}
serviceAccountName: {{ .account }}
automountServiceAccountToken: false
# The variables of a Service named slotwarden-https would be taken for our options.
enableServiceLinks: false
{{- with .root.Values.image.pullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . | quote }}
  {{- end }}
{{- end }}
{{- with .settings.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
securityContext:
  runAsNonRoot: true
  runAsUser: 65532
  runAsGroup: 65532
  seccompProfile:
    type: RuntimeDefault
{{- with .settings.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .settings.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .settings.affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .settings.topologySpreadConstraints }}
topologySpreadConstraints:
  {{- range . }}
  - {{ toYaml . | nindent 4 | trim }}
    {{- if not .labelSelector }}
    labelSelector:
      matchLabels:
        {{- $.labels | nindent 8 }}
    # While a new version rolls out, the pods of the old one do not count.
    matchLabelKeys: [pod-template-hash]
    {{- end }}
  {{- end }}
{{- end }}
volumes:
  - name: api-access
    projected:
      sources:
        - serviceAccountToken:
            path: token
            expirationSeconds: 3600
        - configMap:
            name: kube-root-ca.crt
            items:
              - key: ca.crt
                path: ca.crt
  {{- with .root.Values.vault }}
  {{- if and (eq .auth "kubernetes") .audience }}
  - name: vault-login
    projected:
      sources:
        - serviceAccountToken:
            path: token
            audience: {{ .audience | quote }}
            expirationSeconds: 3600
  {{- end }}
  {{- if .caSecret.name }}
  - name: vault-ca
    secret:
      secretName: {{ .caSecret.name }}
      items:
        - key: {{ .caSecret.key }}
          path: ca.crt
  {{- end }}
  {{- if eq .auth "token" }}
  - name: vault-token
    secret:
      secretName: {{ $.token.name }}
      items:
        - key: {{ $.token.key }}
          path: token
  {{- end }}
  {{- end }}
  {{- with .tls }}
  - name: tls
    secret:
      secretName: {{ . }}
  {{- end }}
{{- end -}}

{{- define "slotwarden.containerSettings" -}}
{{- $image := .root.Values.image -}}
image: {{ $image.repository }}{{ if $image.digest }}@{{ $image.digest }}{{ else }}:{{ default .root.Chart.AppVersion $image.tag }}{{ end }}
imagePullPolicy: {{ $image.pullPolicy }}
livenessProbe:
  httpGet:
    path: /healthz
    port: health
  periodSeconds: 10
  failureThreshold: 6
readinessProbe:
  httpGet:
    path: /readyz
    port: health
  periodSeconds: 5
{{- with .settings.resources }}
resources:
  {{- toYaml . | nindent 2 }}
{{- end }}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities:
    drop: [ALL]
volumeMounts:
  - name: api-access
    mountPath: /var/run/secrets/kubernetes.io/serviceaccount
    readOnly: true
  {{- with .root.Values.vault }}
  {{- if and (eq .auth "kubernetes") .audience }}
  - name: vault-login
    mountPath: /etc/slotwarden/vault-login
    readOnly: true
  {{- end }}
  {{- if .caSecret.name }}
  - name: vault-ca
    mountPath: /etc/slotwarden/vault-ca
    readOnly: true
  {{- end }}
  {{- if eq .auth "token" }}
  - name: vault-token
    mountPath: /etc/slotwarden/vault-token
    readOnly: true
  {{- end }}
  {{- end }}
  {{- if .tls }}
  - name: tls
    mountPath: /etc/slotwarden/tls
    readOnly: true
  {{- end }}
{{- end -}}
