{{/* What the container of an engine runs: dict "root" $ "id" "engine" */}}
{{- define "assay.engineCommand" -}}
{{- $engine := .engine }}
{{- if eq $engine.kind "vllm" }}
command: [vllm, serve]
args:
  - {{ $engine.model | quote }}
  - --port=8000
  - --served-model-name={{ include "assay.servedModel" . }}
  - --shutdown-timeout={{ $engine.shutdownSeconds | default 60 }}
  {{- with $engine.quantization }}
  - --quantization={{ . }}
  {{- end }}
  {{- with $engine.kvCacheDtype }}
  - --kv-cache-dtype={{ . }}
  {{- end }}
  {{- with $engine.maxModelLen }}
  - --max-model-len={{ . }}
  {{- end }}
  {{- with $engine.gpuMemoryUtilization }}
  - --gpu-memory-utilization={{ . }}
  {{- end }}
  {{- with $engine.tensorParallel }}
  - --tensor-parallel-size={{ . }}
  {{- end }}
{{- else if eq $engine.kind "triton" }}
command: [tritonserver]
args:
  - --model-repository=/models/{{ ($engine.modelCache).path | default "" }}
  - --http-port=8000
  - --grpc-port=8001
  - --metrics-port=8002
  - --exit-timeout-secs={{ $engine.shutdownSeconds | default 60 }}
{{- else }}
args:
  - simulate
  - --host=0.0.0.0
  - --port=8000
  - --model={{ include "assay.servedModel" . }}
{{- end }}
{{- with $engine.extraArgs }}
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{- define "assay.engineImage" -}}
{{- if .engine.image }}{{ .engine.image }}{{ else if eq .engine.kind "simulated" }}{{ include "assay.image" .root }}{{ else }}{{ get .root.Values.engineImages .engine.kind }}{{ end }}
{{- end }}

{{- define "assay.engineResources" -}}
{{- $resources := deepCopy (default dict .resources) }}
{{- if (.gpu).count }}
{{- $gpu := dict (.gpu.resource | default "nvidia.com/gpu") .gpu.count }}
{{- $_ := set $resources "limits" (merge (default dict $resources.limits) $gpu) }}
{{- $_ := set $resources "requests" (merge (default dict $resources.requests) $gpu) }}
{{- end }}
{{- toYaml $resources }}
{{- end }}

{{/* Places where engines write, all outside of the read-only root. */}}
{{- define "assay.engineEnv" -}}
- { name: HOME, value: /tmp }
- { name: USER, value: assay }
- { name: HF_HOME, value: /models/huggingface }
- { name: VLLM_CACHE_ROOT, value: /models/vllm }
- { name: TRITON_CACHE_DIR, value: /tmp/triton }
- { name: TORCHINDUCTOR_CACHE_DIR, value: /tmp/inductor }
- { name: VLLM_NO_USAGE_STATS, value: '1' }
{{- if not .download }}
- { name: HF_HUB_OFFLINE, value: '1' }
{{- end }}
{{- with .hubToken }}
- name: HF_TOKEN
  valueFrom: { secretKeyRef: { name: {{ .existingSecret }}, key: {{ .key }} } }
{{- end }}
{{- with .apiKey }}
- name: VLLM_API_KEY
  valueFrom: { secretKeyRef: { name: {{ .existingSecret }}, key: {{ .key }} } }
{{- end }}
{{- end }}
