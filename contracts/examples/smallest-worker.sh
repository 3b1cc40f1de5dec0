#!/bin/sh
# The smallest worker that speaks the job folder: it trains nothing and keeps to the contract. Usage: smallest-worker.sh train JOBFOLDER
set -eu
[ "$1" = train ] && cd "$2"
env >environment.seen
[ -f events.jsonl ] && seq=$(wc -l <events.jsonl) || seq=0
steps=$(sed -n 's/.*"max_steps": *\([0-9]*\).*/\1/p' spec.json)
started=$(date -u +%Y-%m-%dT%H:%M:%SZ)
step=0
resumed=null
stop=''
trap 'stop=1' TERM

# Who ends a worker asks everything of its session at once: what it has just started is not to end half done.
calm() {
    (
        trap '' TERM
        exec "$@"
    )
}

now() {
    calm date -u +%Y-%m-%dT%H:%M:%SZ
}

say() {
    seq=$((seq + 1))
    printf '{"v":1,"seq":%d,"at":"%s",%s}\n' "$seq" "$(now)" "$1" >>events.jsonl
}

# Temporary name, then renamed: an exit.json is whole or absent.
leave() {
    printf '{"version":1,"status":"%s","exit_code":%d,"started_at":"%s","finished_at":"%s","summary":{"steps":%d,"tokens":%d,"seconds":1,"train_loss":0.5}}' \
        "$1" "$2" "$started" "$(now)" "$step" $((step * 10)) >exit.json.new
    calm mv exit.json.new exit.json
    exit "$2"
}

for checkpoint in checkpoints/step-*; do
    [ -f "$checkpoint/step" ] && step=$(cat "$checkpoint/step") && resumed=$step
done
say "\"type\":\"started\",\"backend\":\"custom\",\"versions\":{\"smallest\":\"1\"},\"device\":\"cpu\",\"precision\":\"fp32\",\"trainable_parameters\":1,\"total_parameters\":2,\"total_steps\":$steps,\"resumed_from\":$resumed"
say '"type":"data","rows":1,"tokens":10,"trainable_tokens":10,"truncated":0,"dropped":0,"sequences":1'
while [ "$step" -lt "$steps" ]; do
    step=$((step + 1))
    calm sleep 0.02
    say "\"type\":\"metric\",\"step\":$step,\"epoch\":1,\"loss\":0.5,\"learning_rate\":0.1,\"grad_norm\":1,\"tokens\":$((step * 10)),\"tokens_per_second\":5"
    say "\"type\":\"progress\",\"step\":$step,\"total_steps\":$steps,\"epoch\":1,\"eta_seconds\":1"
    if [ -n "$stop" ] || [ -e control/cancel ]; then
        name=$(printf 'step-%08d' "$step")
        calm mkdir -p "checkpoints/$name.new"
        echo "$step" >"checkpoints/$name.new/step"
        calm mv "checkpoints/$name.new" "checkpoints/$name"
        say "\"type\":\"checkpoint\",\"step\":$step,\"path\":\"checkpoints/$name\""
        leave cancelled 10
    fi
done
calm mkdir -p artifacts/adapter
echo '{"peft_type":"LORA"}' >artifacts/adapter/adapter_config.json
leave succeeded 0
