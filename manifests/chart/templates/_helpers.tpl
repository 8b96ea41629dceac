{{/*
What selects the pods of a shard, or with "" those of the main one. The alerts rely on the name being "tronador", whatever
the release is called.
*/}}
{{- define "tronador.labels" -}}
app.kubernetes.io/name: tronador
{{- if . }}
{{ include "tronador.shardLabels" . }}
{{- else }}
app.kubernetes.io/component: controller
{{- end }}
{{- end }}

{{- define "tronador.shardLabels" -}}
app.kubernetes.io/component: shard
tronador.stakater.com/shard: {{ . | quote }}
{{- end }}

{{/* The name of what each shard has of its own, its Lease among them. */}}
{{- define "tronador.name" -}}
tronador-controller{{ with . }}-{{ . }}{{ end }}
{{- end }}

{{- define "tronador.image" -}}
{{- with .Values.image -}}
{{ .repository }}{{ if .digest }}@{{ .digest }}{{ else }}:{{ .tag | default $.Chart.AppVersion }}{{ end }}
{{- end }}
{{- end }}

{{/* The port of an address like ":8080", or nothing where there is none. Takes the address. */}}
{{- define "tronador.port" -}}
{{- if ne (toString .) "0" }}{{ regexFind "[0-9]+$" (toString .) }}{{ end }}
{{- end }}

{{- define "tronador.metricsPort" -}}
{{ include "tronador.port" (dig "metricsAddress" ":8080" (.Values.options | default dict)) }}
{{- end }}

{{- define "tronador.healthPort" -}}
{{ include "tronador.port" (dig "healthAddress" ":8081" (.Values.options | default dict)) }}
{{- end }}

{{/* An option as its environment variable holds it. Takes the value of any type. */}}
{{- define "tronador.option" -}}
{{- if kindIs "slice" . -}}
{{ join "," . }}
{{- else if kindIs "map" . -}}
{{- $parts := list }}
{{- $separator := "," }}
{{- range $key, $value := . }}
{{- if kindIs "map" $value }}
{{- $separator = ";" }}
{{- $pins := list }}
{{- range $label, $globs := $value }}
{{- range ternary (list $globs) $globs (kindIs "string" $globs) }}
{{- $pins = append $pins (printf "%s=%s" $label .) }}
{{- end }}
{{- end }}
{{- $parts = append $parts (printf "%s:%s" $key (join "," $pins)) }}
{{- else }}
{{- $parts = append $parts (printf "%s=%s" $key $value) }}
{{- end }}
{{- end }}
{{- join $separator $parts }}
{{- else if and (kindIs "float64" .) (eq . (floor .)) -}}
{{/* Helm reads every number as a float, and would write 1e+06. */}}
{{- int64 . }}
{{- else -}}
{{ . }}
{{- end }}
{{- end }}

{{/*
An object of files/, as it has to be for this release. Takes a dict of "object" and "root".

- It moves from tronador-system to the release's namespace.
- Bindings are for the account of this release. Outside of its own namespace each installation has bindings of its own
  name, as in manifests/elsewhere.
- The controller may bind the role that its option names.
*/}}
{{- define "tronador.object" -}}
{{- $object := .object }}
{{- $namespace := .root.Release.Namespace }}
{{- if eq (dig "metadata" "namespace" "" $object) "tronador-system" }}
{{- $_ := set $object.metadata "namespace" $namespace }}
{{- end }}
{{- if $object.subjects }}
{{- $account := replace "tronador-controller" .root.Values.serviceAccount.name (first $object.subjects).name }}
{{- $_ := set $object "subjects" (list (dict "kind" "ServiceAccount" "name" $account "namespace" $namespace)) }}
{{- if and (ne (dig "metadata" "namespace" "" $object) $namespace) (ne $namespace "tronador-system") }}
{{- $_ := set $object.metadata "name" (printf "%s.%s" $object.metadata.name $namespace) }}
{{- end }}
{{- end }}
{{- range $object.rules }}
{{- if has "bind" .verbs }}
{{- $_ := set . "resourceNames" (list "tronador-environment" (dig "releaseClusterRole" "tronador-release" ($.root.Values.options | default dict))) }}
{{- end }}
{{- end }}
{{- toYaml $object }}
{{- end }}
