{{/*
What the schema cannot say: values that contradict each other, or that would make a deployment which never
becomes ready. All of them are told at once, each with its key and what to do.
*/}}
{{- define "assay.refuse" -}}
{{- $problems := concat (include "assay.configProblems" . | fromYamlArray) (include "assay.stateProblems" . | fromYamlArray) (include "assay.scaleProblems" . | fromYamlArray) (include "assay.networkProblems" . | fromYamlArray) (include "assay.engineProblems" . | fromYamlArray) (include "assay.secretProblems" . | fromYamlArray) }}
{{- if $problems }}
{{- fail (printf "\n\nThe values do not fit together:\n- %s\n" (join "\n- " $problems)) }}
{{- end }}
{{- end }}

{{- define "assay.configProblems" -}}
{{- $config := .Values.config }}
{{- $problems := list }}
{{- $engines := concat (keys (default dict $config.engines)) (keys .Values.engines) }}
{{- if not $engines }}
{{- $problems = append $problems "config.engines: there is no engine to ask; name yours there, or let the chart run some in engines" }}
{{- end }}
{{- if not $config.judges }}
{{- $problems = append $problems "config.judges: needs at least one judge, such as {quick: {engine: small}}" }}
{{- end }}
{{- if not $config.policies }}
{{- $problems = append $problems "config.policies: needs at least one policy, such as {default: {tiers: [quick]}}" }}
{{- end }}
{{- range $id, $judge := default dict $config.judges }}
{{- if not (has $judge.engine $engines) }}
{{- $problems = append $problems (printf "config.judges.%s.engine: there is no engine %q in config.engines or engines" $id $judge.engine) }}
{{- end }}
{{- end }}
{{- range $id, $policy := default dict $config.policies }}
{{- range $tier := $policy.tiers }}
{{- if not (hasKey (default dict $config.judges) $tier) }}
{{- $problems = append $problems (printf "config.policies.%s.tiers: there is no judge %q in config.judges" $id $tier) }}
{{- end }}
{{- end }}
{{- end }}
{{- if and (not $config.teams) (not (default dict $config.server).allowAnonymous) (not (default dict $config.server).requireKey) }}
{{- $problems = append $problems "config.teams: whoever reaches the service could spend GPU time; add teams with keys (assay keys new), set config.server.requireKey: true (keys in the ledger), or config.server.allowAnonymous: true" }}
{{- end }}
{{- if and (hasKey $config "admin") (not (default dict $config.admin).keys) (not (default dict $config.admin).requireKey) }}
{{- $problems = append $problems "config.admin.keys: the admin API of a pod needs keys (assay keys new); config.admin.requireKey: true leaves them to the ledger; without either leave config.admin out" }}
{{- end }}
{{- toYaml $problems }}
{{- end }}

{{- define "assay.stateProblems" -}}
{{- $problems := list }}
{{- $postgres := .Values.storage.postgres }}
{{- $isScaled := or (gt (int .Values.replicas) 1) .Values.autoscaling.enabled .Values.keda.enabled }}
{{- if and (eq .Values.storage.kind "embedded") $isScaled }}
{{- $problems = append $problems "storage.kind: an embedded database serves one gateway; for several set storage.kind: postgres (or none), or replicas: 1 without autoscaling" }}
{{- end }}
{{- if eq .Values.storage.kind "postgres" }}
{{- $ways := list }}
{{- if $postgres.url }}{{ $ways = append $ways "url" }}{{ end }}
{{- if $postgres.existingSecret }}{{ $ways = append $ways "existingSecret" }}{{ end }}
{{- if $postgres.bundled.enabled }}{{ $ways = append $ways "bundled" }}{{ end }}
{{- if ne (len $ways) 1 }}
{{- $problems = append $problems (printf "storage.postgres: set exactly one of url, existingSecret and bundled.enabled; set now: %s" (join ", " $ways | default "none")) }}
{{- end }}
{{- if and $postgres.bundled.enabled (not $postgres.bundled.existingSecret) }}
{{- $problems = append $problems "storage.postgres.bundled.existingSecret: name a secret with the database's password; the chart has no default one" }}
{{- end }}
{{- else if or $postgres.url $postgres.existingSecret $postgres.bundled.enabled }}
{{- $problems = append $problems (printf "storage.kind: is %s, but storage.postgres is filled in; set storage.kind: postgres, or empty it" .Values.storage.kind) }}
{{- end }}
{{- if and .Values.redis.url .Values.redis.bundled.enabled }}
{{- $problems = append $problems "redis: url and bundled.enabled exclude each other" }}
{{- end }}
{{- if and (or .Values.redis.existingSecret .Values.redis.username) (not .Values.redis.url) }}
{{- $problems = append $problems "redis.url: existingSecret and username belong to a Redis of your own, and its url is empty" }}
{{- end }}
{{- toYaml $problems }}
{{- end }}

{{- define "assay.scaleProblems" -}}
{{- $problems := list }}
{{- if and .Values.autoscaling.enabled .Values.keda.enabled }}
{{- $problems = append $problems "autoscaling.enabled and keda.enabled would both set the number of pods; keep one" }}
{{- end }}
{{- range $key, $scaler := dict "autoscaling" .Values.autoscaling "keda" .Values.keda }}
{{- if and $scaler.enabled (gt (int $scaler.minReplicas) (int $scaler.maxReplicas)) }}
{{- $problems = append $problems (printf "%s.maxReplicas: %d is less than minReplicas %d" $key (int $scaler.maxReplicas) (int $scaler.minReplicas)) }}
{{- end }}
{{- end }}
{{- if and .Values.autoscaling.enabled .Values.autoscaling.cpuPercent (not (((.Values.resources).requests).cpu)) }}
{{- $problems = append $problems "autoscaling.cpuPercent: is a share of resources.requests.cpu, which is not set" }}
{{- end }}
{{- if and .Values.autoscaling.enabled (not .Values.autoscaling.cpuPercent) (not .Values.autoscaling.metrics) }}
{{- $problems = append $problems "autoscaling: has nothing to go by; set cpuPercent or metrics" }}
{{- end }}
{{- with .Values.keda }}
{{- if and .enabled (or .queueWaitSeconds .tokensPerSecond) (not .prometheusAddress) }}
{{- $problems = append $problems "keda.prometheusAddress: queueWaitSeconds and tokensPerSecond are read there; set it, or set both to 0 and use triggers" }}
{{- end }}
{{- if and .enabled (not .queueWaitSeconds) (not .tokensPerSecond) (not .triggers) }}
{{- $problems = append $problems "keda: has nothing to go by; set queueWaitSeconds, tokensPerSecond or triggers" }}
{{- end }}
{{- end }}
{{- $drainSeconds := divf (default 30000 (default dict .Values.config.server).drainMs) 1000 | ceil | int }}
{{- $needed := add (int .Values.shutdown.lookAwaySeconds) $drainSeconds 15 | int }}
{{- if lt (int .Values.shutdown.graceSeconds) $needed }}
{{- $problems = append $problems (printf "shutdown.graceSeconds: %d s end before a pod has drained; it takes up to %d s (lookAwaySeconds %d + config.server.drainMs %d s + 15 to write what waits)" (int .Values.shutdown.graceSeconds) $needed (int .Values.shutdown.lookAwaySeconds) $drainSeconds) }}
{{- end }}
{{- toYaml $problems }}
{{- end }}

{{- define "assay.networkProblems" -}}
{{- $problems := list }}
{{- $metrics := .Values.metrics }}
{{- range $key := list "serviceMonitor" "podMonitor" "prometheusRule" }}
{{- if and (get $metrics $key).enabled (not $metrics.enabled) }}
{{- $problems = append $problems (printf "metrics.%s.enabled: there is nothing to scrape while metrics.enabled is false" $key) }}
{{- end }}
{{- end }}
{{- if and $metrics.serviceMonitor.enabled $metrics.podMonitor.enabled }}
{{- $problems = append $problems "metrics: serviceMonitor and podMonitor would count everything twice; keep one" }}
{{- end }}
{{- if has (int $metrics.port) (list 8080 8081) }}
{{- $problems = append $problems "metrics.port: 8080 and 8081 are taken by the API and the admin API" }}
{{- end }}
{{- if and .Values.ingress.enabled (not .Values.ingress.hosts) }}
{{- $problems = append $problems "ingress.hosts: needs at least one host" }}
{{- end }}
{{- if and .Values.httpRoute.enabled (not .Values.httpRoute.parentRefs) }}
{{- $problems = append $problems "httpRoute.parentRefs: name the gateway that the route belongs to" }}
{{- end }}
{{- $outside := list }}
{{- range $id, $_ := default dict .Values.config.engines }}{{ $outside = append $outside (printf "config.engines.%s" $id) }}{{ end }}
{{- if and (eq .Values.storage.kind "postgres") (not .Values.storage.postgres.bundled.enabled) }}{{ $outside = append $outside "storage.postgres" }}{{ end }}
{{- if .Values.redis.url }}{{ $outside = append $outside "redis.url" }}{{ end }}
{{- if and .Values.networkPolicy.enabled $outside (not .Values.networkPolicy.egress) }}
{{- $problems = append $problems (printf "networkPolicy.egress: is empty, so that the gateway cannot reach what is outside of this chart: %s; add a rule, or set networkPolicy.enabled: false" (join ", " ($outside | sortAlpha))) }}
{{- end }}
{{- if and (gt (len (include "assay.watchedNamespaces" . | fromYamlArray)) 0) (not .Values.rbac.create) (not .Values.serviceAccount.name) }}
{{- $problems = append $problems "serviceAccount.name: with rbac.create false, name an account that may list and watch endpointslices" }}
{{- end }}
{{- toYaml $problems }}
{{- end }}

{{- define "assay.engineProblems" -}}
{{- $problems := list }}
{{- range $id, $engine := .Values.engines }}
{{- $at := printf "engines.%s" $id }}
{{- if hasKey (default dict $.Values.config.engines) $id }}
{{- $problems = append $problems (printf "%s: is in config.engines too; keep one (its further keys: %s.config)" $at $at) }}
{{- end }}
{{- if has $id (list "postgres" "redis" "migrate" "admin" "test" "metrics") }}
{{- $problems = append $problems (printf "%s: this name belongs to a part of the chart" $at) }}
{{- end }}
{{- if and (ne $engine.kind "simulated") (not ($engine.gpu).count) }}
{{- $problems = append $problems (printf "%s.gpu.count: a %s engine without a GPU request lands on any node and never loads" $at $engine.kind) }}
{{- end }}
{{- if and (eq $engine.kind "triton") (not $engine.backend) }}
{{- $problems = append $problems (printf "%s.backend: tells which tensors the model has: tensorrtllm, tensorrtllm_bls, vllm or llmapi" $at) }}
{{- end }}
{{- if and (eq $engine.kind "triton") (not (($engine.modelCache).existingClaim)) }}
{{- $problems = append $problems (printf "%s.modelCache.existingClaim: Triton serves a model repository; name the claim that holds it" $at) }}
{{- end }}
{{- $cache := default dict $engine.modelCache }}
{{- if and $cache.size (not $cache.existingClaim) (gt (int (default 1 $engine.replicas)) 1) (ne (default "ReadWriteOnce" $cache.accessMode) "ReadWriteMany") }}
{{- $problems = append $problems (printf "%s.modelCache.accessMode: %d replicas share one claim; it must be ReadWriteMany" $at (int $engine.replicas)) }}
{{- end }}
{{- if and (gt (int (default 1 $engine.tensorParallel)) (int (default 0 ($engine.gpu).count))) (eq $engine.kind "vllm") (($engine.gpu).count) }}
{{- $problems = append $problems (printf "%s.tensorParallel: %d shards do not fit on gpu.count %d" $at (int $engine.tensorParallel) (int ($engine.gpu).count)) }}
{{- end }}
{{- end }}
{{- toYaml $problems }}
{{- end }}

{{/* Only where a cluster answers: `helm template` sees no secrets. */}}
{{- define "assay.secretProblems" -}}
{{- $problems := list }}
{{- if and .Values.checkSecrets (lookup "v1" "ServiceAccount" .Release.Namespace "default") }}
{{- range $need := include "assay.neededSecrets" . | fromYamlArray }}
{{- $secret := lookup "v1" "Secret" $.Release.Namespace $need.name }}
{{- if not $secret }}
{{- $problems = append $problems (printf "%s: there is no secret %q in namespace %s" $need.what $need.name $.Release.Namespace) }}
{{- else if not (hasKey (default dict $secret.data) $need.key) }}
{{- $problems = append $problems (printf "%s: the secret %q has no key %q" $need.what $need.name $need.key) }}
{{- end }}
{{- end }}
{{- end }}
{{- toYaml $problems }}
{{- end }}
