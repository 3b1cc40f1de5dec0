#!/bin/sh
# Makes the tiny base model again, from WordNet 3.0 and the word list in recipe/things.txt. README.md says what comes out.
#   models/beep-tiny/make.sh          the text, the tokenizer, the instruction set, then the training
#   models/beep-tiny/make.sh text     without the training
# WORDNET names the database folder; the default is where Debian's package wordnet-base puts it.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
work=$root/artifacts/beep-tiny
wordnet=${WORDNET:-/usr/share/wordnet}

if [ ! -f "$wordnet/data.noun" ] && [ "$(id -u)" = 0 ] && command -v apt-get > /dev/null; then
    apt-get install -y --no-install-recommends wordnet-base
fi
if [ ! -f "$wordnet/data.noun" ]; then
    echo "$0: there is no WordNet database in $wordnet. Install the package wordnet-base, or set WORDNET to the folder with data.noun." >&2
    exit 20
fi

mkdir -p "$work"
recipe() { dotnet run --project "$here/recipe" --configuration Release -- "$@"; }
recipe corpus "$wordnet" "$here/recipe/things.txt" "$work/train.jsonl" "$work/validation.jsonl"
recipe tokenizer "$work/train.jsonl" "$here/tokenizer.json"
recipe dataset "$here/recipe/things.txt" "$root/datasets/what-is-it.jsonl" "$root/datasets/what-is-it.validation.jsonl"

if [ "${1:-}" = text ]; then
    exit 0
fi

# Half an hour on two cores; the same command goes on where it was stopped.
"$root/beep" train --model "$here" --spec "$here/pretrain.json" --data "$work/train.jsonl" --validation "$work/validation.jsonl" --out "$work/job"
cp "$work/job/artifacts/merged/model.safetensors" "$here/model.safetensors"
