#!/usr/bin/env python3
"""
Measures the Hugging Face worker against a plain loop: Transformers' Trainer with PEFT, batches padded on the right. Both train the same
drawn model on the same rows of drawn tokens, in processes of their own, in turn; the first steps of each run are left out.

    PYTHONPATH=workers/huggingface python3 bench/huggingface/compare.py --shape smollm2-135m --rows full
    PYTHONPATH=workers/huggingface python3 bench/huggingface/compare.py --shape tiny --sequence 256 --steps 6 --rounds 1      (a processor)

`--rows full` fills every sequence; `--rows short` draws lengths as of GSM8K with its chat template (log-normal, median 170 tokens), which is
where padding costs. `--clock cpu` counts the processors' time instead of the wall's, for a machine that does other work too. Tokens are useful ones: padding does not count. Compare ratios: the figures themselves belong to the machine. Needs
torch, transformers, accelerate, peft. Prints one JSON object last.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SHAPES = {
    "tiny": {"hidden_size": 256, "intermediate_size": 768, "num_hidden_layers": 4, "num_attention_heads": 8, "num_key_value_heads": 4, "vocab_size": 16384},
    "smollm2-135m": {"hidden_size": 576, "intermediate_size": 1536, "num_hidden_layers": 30, "num_attention_heads": 9, "num_key_value_heads": 3, "vocab_size": 49152},
    "llama-1b": {"hidden_size": 2048, "intermediate_size": 8192, "num_hidden_layers": 16, "num_attention_heads": 32, "num_key_value_heads": 8, "vocab_size": 128256},
}
RANK, ALPHA, RATE = 16, 32, 2e-4
TARGETS = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
clock = time.perf_counter
# Dense bf16 products, TFLOP/s, by what the device calls itself.
PEAKS = {"H200": 989, "H100": 989, "A100": 312, "L40": 362, "4090": 165, "A10": 125, "L4": 121}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shape", choices=SHAPES, default="smollm2-135m")
    parser.add_argument("--sequence", type=int, default=2048, help="tokens of the longest row, and of a packed sequence")
    parser.add_argument("--rows", choices=("full", "short"), default="full")
    parser.add_argument("--batch", type=int, default=4, help="sequences in a forward pass")
    parser.add_argument("--steps", type=int, default=30)
    parser.add_argument("--warm-up", type=int, default=None, help="steps left out; a third unless given")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--precision", choices=("bf16", "fp32"), default="bf16")
    parser.add_argument("--checkpointing", choices=("on", "off"), default="off")
    parser.add_argument("--peak-tflops", type=float, help="of the device, for the share of it that is used")
    parser.add_argument("--clock", choices=("wall", "cpu"), default="wall")
    parser.add_argument("--run", choices=("worker", "plain"), help=argparse.SUPPRESS)
    parser.add_argument("--folder", help=argparse.SUPPRESS)
    options = parser.parse_args()
    global clock
    clock = time.process_time if options.clock == "cpu" else time.perf_counter
    options.warm_up = options.steps // 3 if options.warm_up is None else options.warm_up
    if options.run:
        {"worker": run_worker, "plain": run_plain}[options.run](options)
        return
    with tempfile.TemporaryDirectory(prefix="beep-bench-") as temporary:
        prepare(options, Path(temporary))
        results: dict[str, list[dict]] = {"plain": [], "worker": []}
        for round_ in range(options.rounds):
            for name in results:
                results[name].append(child(options, name, temporary))
                show(f"round {round_ + 1} {name}", results[name][-1])
        conclude(options, results)


def prepare(options: argparse.Namespace, folder: Path) -> None:
    """A drawn model, and enough rows that the run sees each once at most."""
    import torch
    from beep_trainer.machine.selftest import _write_model
    from transformers import LlamaConfig, LlamaForCausalLM

    # Its tokenizer is for no row, but must know every id.
    _write_model(folder / "model")
    tokenizer = json.loads((folder / "model" / "tokenizer.json").read_text("utf-8"))
    known = tokenizer["model"]["vocab"]
    known |= {f"<{number}>": number for number in range(len(known), SHAPES[options.shape]["vocab_size"])}
    (folder / "model" / "tokenizer.json").write_text(json.dumps(tokenizer), "utf-8")
    torch.manual_seed(0)
    dtype = torch.bfloat16 if options.precision == "bf16" else torch.float32
    config = LlamaConfig(**SHAPES[options.shape], max_position_embeddings=max(2048, options.sequence), tie_word_embeddings=True, bos_token_id=None, eos_token_id=0)
    LlamaForCausalLM(config).to(dtype).save_pretrained(folder / "model")
    drawn = random.Random(0)
    with open(folder / "rows.jsonl", "w", encoding="utf-8") as stream:
        tokens, wanted = 0, options.steps * options.batch * options.sequence
        while tokens < wanted:
            length = options.sequence if options.rows == "full" else min(options.sequence, max(16, int(math.exp(drawn.gauss(math.log(170), 0.45)))))
            ids = [drawn.randrange(1, SHAPES[options.shape]["vocab_size"]) for _ in range(length)]
            # A question of about a third, on which no loss is taken, where rows are such; else every token is learnt.
            labels = ids if options.rows == "full" else [-100] * (length // 3) + ids[length // 3 :]
            stream.write(json.dumps({"input_ids": ids, "labels": labels}) + "\n")
            tokens += length


def child(options: argparse.Namespace, name: str, folder: str) -> dict:
    command = [sys.executable, __file__, "--run", name, "--folder", folder]
    for key in ("shape", "sequence", "rows", "batch", "steps", "warm_up", "precision", "checkpointing", "clock"):
        command += ["--" + key.replace("_", "-"), str(getattr(options, key))]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout.strip().splitlines()[-1])


def run_worker(options: argparse.Namespace) -> None:
    """A whole job, as the host starts it; the figures are those of its own events."""
    from beep_trainer.cli import _stay_home

    _stay_home()
    root = Path(options.folder)
    folder = Path(tempfile.mkdtemp(dir=root))
    spec = {
        "version": 1, "job_id": "bench", "backend": "transformers", "method": "lora", "model": {"path": str(root / "model")},
        "data": {"train": str(root / "rows.jsonl"), "max_length": options.sequence, "packing": True},
        "lora": {"r": RANK, "alpha": ALPHA, "target_modules": TARGETS},
        "train": {"max_steps": options.steps, "per_device_batch_size": options.batch, "gradient_accumulation_steps": 1, "learning_rate": RATE,
                  "precision": options.precision, "gradient_checkpointing": options.checkpointing, "save_steps": None},
    }
    (folder / "spec.json").write_text(json.dumps(spec))
    from beep_trainer.job.folder import JobFolder
    from beep_trainer.training import memory
    from beep_trainer.training.report import RunReport
    from beep_trainer.training.runner import JobRunner
    from beep_trainer.training.world import World

    times: dict[int, tuple[float, int]] = {}
    step = RunReport.step
    RunReport.step = lambda self, state, *rest: (times.update({state.step: (now(), state.tokens)}), step(self, state, *rest))[1]  # type: ignore[method-assign]
    if JobRunner(JobFolder(folder)).run() != 0:
        raise SystemExit("the worker failed")
    losses = [json.loads(line)["loss"] for line in (folder / "events.jsonl").read_text().splitlines() if '"metric"' in line]
    answer(options, times, losses, memory.peak(World().device))


def run_plain(options: argparse.Namespace) -> None:
    """What one writes with Transformers and PEFT: a Trainer, a collator that pads."""
    os.environ |= {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_VERBOSITY": "error", "HF_HUB_DISABLE_PROGRESS_BARS": "1"}
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM, Trainer, TrainerCallback, TrainingArguments

    root = Path(options.folder)
    model = AutoModelForCausalLM.from_pretrained(root / "model", dtype=torch.bfloat16 if options.precision == "bf16" else torch.float32)
    model = get_peft_model(model, LoraConfig(r=RANK, lora_alpha=ALPHA, lora_dropout=0.0, target_modules=TARGETS, task_type="CAUSAL_LM"))
    if options.checkpointing == "on":
        model.enable_input_require_grads()
    rows = [json.loads(line) for line in (root / "rows.jsonl").read_text().splitlines()]
    seen = {"tokens": 0}

    def collate(batch: list[dict]) -> dict[str, torch.Tensor]:
        width = max(len(row["input_ids"]) for row in batch)
        seen["tokens"] += sum(len(row["input_ids"]) for row in batch)

        def pad(key: str, value: int) -> torch.Tensor:
            return torch.tensor([row[key] + [value] * (width - len(row[key])) for row in batch])

        lengths = torch.tensor([[len(row["input_ids"])] for row in batch])
        return {"input_ids": pad("input_ids", 0), "labels": pad("labels", -100), "attention_mask": (torch.arange(width)[None] < lengths).long()}

    times: dict[int, tuple[float, int]] = {}
    losses: list[float] = []

    class Clock(TrainerCallback):
        def on_step_end(self, args, state, control, **_):
            times[state.global_step] = (now(), seen["tokens"])

        def on_log(self, args, state, control, logs=None, **_):
            if logs and "loss" in logs:
                losses.append(logs["loss"])

    arguments = TrainingArguments(
        output_dir=str(root / "plain"), max_steps=options.steps, per_device_train_batch_size=options.batch, learning_rate=RATE, lr_scheduler_type="cosine",
        bf16=options.precision == "bf16", gradient_checkpointing=options.checkpointing == "on", gradient_checkpointing_kwargs={"use_reentrant": False},
        logging_steps=1, save_strategy="no", report_to=[], disable_tqdm=True, dataloader_num_workers=0, remove_unused_columns=False, seed=42)
    Trainer(model=model, args=arguments, train_dataset=rows, data_collator=collate, callbacks=[Clock()]).train()
    peak = torch.cuda.max_memory_reserved() if torch.cuda.is_available() else resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    answer(options, times, losses, peak)


def now() -> float:
    import torch

    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return clock()


def answer(options: argparse.Namespace, times: dict[int, tuple[float, int]], losses: list[float], peak: int) -> None:
    (begin, before), (end, after) = times[options.warm_up], times[options.steps]
    rate = (after - before) / (end - begin)
    print(json.dumps({"tokens_per_second": rate, "peak_bytes": peak, "first_loss": losses[0], "last_loss": losses[-1], "tokens_a_step": after / options.steps}))


def flops_a_token(options: argparse.Namespace) -> float:
    """Both ways through frozen weights (4 a weight), the adapter with its own gradient (6 a weight), and causal attention both ways."""
    shape = SHAPES[options.shape]
    hidden, wide, layers = shape["hidden_size"], shape["intermediate_size"], shape["num_hidden_layers"]
    keys = hidden * shape["num_key_value_heads"] // shape["num_attention_heads"]
    sides = [(hidden, hidden), (hidden, keys), (hidden, keys), (hidden, hidden), (hidden, wide), (hidden, wide), (wide, hidden)]
    linear = layers * sum(one * other for one, other in sides)
    adapter = layers * sum(RANK * (one + other) for one, other in sides)
    length = options.sequence if options.rows == "full" else 190
    learnt = 1.0 if options.rows == "full" else 2 / 3
    return 4 * linear + 6 * adapter + 6 * layers * hidden * length + 4 * learnt * hidden * shape["vocab_size"]


def peak_flops(options: argparse.Namespace) -> float:
    import torch

    if options.peak_tflops:
        return options.peak_tflops * 1e12
    if torch.cuda.is_available():
        name = torch.cuda.get_device_name()
        known = next((value for key, value in PEAKS.items() if key in name), None)
        if known:
            return known * 1e12
    # Of an unknown device: what it reaches in large products.
    size, kind = 2048, torch.bfloat16 if options.precision == "bf16" else torch.float32
    device = "cuda" if torch.cuda.is_available() else "cpu"
    left, right = (torch.randn(size, size, device=device).to(kind) for _ in range(2))
    best = math.inf
    for _ in range(5):
        begin = now()
        left @ right
        best = min(best, now() - begin)
    return 2 * size**3 / best


def conclude(options: argparse.Namespace, results: dict[str, list[dict]]) -> None:
    middle = {name: {key: statistics.median(one[key] for one in found) for key in found[0]} for name, found in results.items()}
    speed = statistics.median(ours["tokens_per_second"] / theirs["tokens_per_second"] for ours, theirs in zip(results["worker"], results["plain"]))
    memory = middle["worker"]["peak_bytes"] / middle["plain"]["peak_bytes"]
    used = middle["worker"]["tokens_per_second"] * flops_a_token(options) / peak_flops(options)
    print(f"{options.shape}, sequence {options.sequence}, {options.rows} rows, {options.precision}: {speed:.2f} x the tokens a second of the plain loop, "
          f"{memory:.2f} x its memory; {used:.0%} of the device's products")
    print(json.dumps({"shape": options.shape, "sequence": options.sequence, "rows": options.rows, "precision": options.precision, "batch": options.batch,
                      "checkpointing": options.checkpointing, "speed_ratio": round(speed, 3), "memory_ratio": round(memory, 3), "mfu": round(used, 3), **middle}))


def show(what: str, found: dict) -> None:
    print(f"{what}: {found['tokens_per_second']:,.0f} tokens/s, {found['peak_bytes'] / 2**30:.2f} GiB, loss {found['first_loss']:.3f} -> {found['last_loss']:.3f}", flush=True)


if __name__ == "__main__":
    main()
