{{/* Refuses values that are right alone, but not together. The schema checks each value alone. Takes the root. */}}
{{- define "tronador.checks" -}}
{{- $options := .Values.options | default dict }}
{{- if and (not (dig "leaderElect" true $options)) (gt (int .Values.replicas) 1) }}
{{- fail "options.leaderElect is false, so several replicas would all work at once: set replicas to 1" }}
{{- end }}
{{- $graceful := dig "gracefulTimeout" "30s" $options }}
{{- $period := .Values.terminationGracePeriodSeconds }}
{{- if and (not (kindIs "invalid" $period)) (le (float64 $period) (include "tronador.seconds" $graceful | float64)) }}
{{- fail (printf "terminationGracePeriodSeconds is %v, and options.gracefulTimeout is %v: Kubernetes would kill the controller before its running reconciles have ended; set terminationGracePeriodSeconds to more than options.gracefulTimeout" $period $graceful) }}
{{- end }}
{{- include "tronador.checkArguments" . }}
{{- include "tronador.checkVariables" . }}
{{- end }}

{{/* Refuses a flag for an option that the chart sets itself. */}}
{{- define "tronador.checkArguments" -}}
{{- $instead := dict
  "--namespace" "install the release in that namespace"
  "--lease-identity" "each pod needs a name of its own"
  "--service-account" "set serviceAccount.name"
}}
{{- if .Values.shards }}
{{- $_ := set $instead "--watch-label-selector" "the selectors follow from shards" }}
{{- end }}
{{- range .Values.extraArgs }}
{{- $flag := first (splitList "=" .) }}
{{- with get $instead $flag }}
{{- fail (printf "extraArgs contains %s, which the chart sets itself: remove it from extraArgs; %s" $flag .) }}
{{- end }}
{{- end }}
{{- end }}

{{/* Refuses a second value for an environment variable. Kubernetes would use the last one, or refuse the Deployment. */}}
{{- define "tronador.checkVariables" -}}
{{- $instead := dict
  "TRONADOR_NAMESPACE" "install the release in that namespace"
  "TRONADOR_LEASE_IDENTITY" "each pod needs a name of its own"
  "TRONADOR_SERVICE_ACCOUNT" "set serviceAccount.name"
}}
{{- if .Values.shards }}
{{- $_ := set $instead "TRONADOR_WATCH_LABEL_SELECTOR" "the selectors follow from shards" }}
{{- end }}
{{- range $name, $_ := .Values.options }}
{{- $_ := set $instead (printf "TRONADOR_%s" (snakecase $name | upper)) (printf "change options.%s" $name) }}
{{- end }}
{{- range .Values.extraEnv }}
{{- $name := .name }}
{{- with get $instead (toString $name) }}
{{- fail (printf "extraEnv contains %s, which the chart sets itself: remove it from extraEnv; %s" $name .) }}
{{- end }}
{{- end }}
{{- end }}

{{/* A duration in seconds. Takes a text like "1h30m", or a number of seconds. */}}
{{- define "tronador.seconds" -}}
{{- if kindIs "string" . }}
{{- $seconds := 0.0 }}
{{- range regexFindAll "[0-9.]+[a-z]+" . -1 }}
{{- $unit := get (dict "ms" 0.001 "s" 1.0 "m" 60.0 "h" 3600.0) (regexFind "[a-z]+$" .) }}
{{- $seconds = addf $seconds (mulf (regexFind "^[0-9.]+" . | float64) $unit) }}
{{- end }}
{{- $seconds }}
{{- else }}
{{- . }}
{{- end }}
{{- end }}
