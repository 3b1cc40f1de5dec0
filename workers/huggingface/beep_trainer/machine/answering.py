"""`generate`: lets a model, with or without an adapter, answer a prompt."""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

from ..data.chat_template import ChatTemplate
from ..data.tokenizer import Tokenizer
from ..faults import ExitCode, Fault, FaultError
from ..job.spec import JobSpec, ModelSpec
from ..model import loading
from ..model.generation import Sampling, generate, prompt_ids
from ..model.trainable import TrainableModel
from ..training.support import compute_type
from ..training.world import World


def answer(options: argparse.Namespace) -> int:
    sampling = Sampling(options.temperature, options.top_p, options.top_k, options.seed, options.max_new_tokens)
    _check(sampling)
    folder, device = Path(options.model), World().device
    tokenizer = Tokenizer(folder)
    compute = compute_type(options.precision, device)
    inner = loading.load_model(folder, compute, device)
    adapted = None
    if options.adapter is not None:
        from ..model import adapters

        adapted = adapters.load(inner, Path(options.adapter))
    model = TrainableModel(JobSpec(model=ModelSpec(path=str(folder))), inner, adapted, compute=compute, device=device)
    ids = tokenizer.encode_whole([options.prompt])[0] if options.raw else prompt_ids(tokenizer, ChatTemplate.load(folder, None), options.prompt, options.system)
    started = time.monotonic()
    found = generate(model, tokenizer, ids, sampling)
    seconds = max(time.monotonic() - started, 1e-9)
    if options.json:
        print(json.dumps({"text": found.text, "finish_reason": found.finish_reason, "prompt_tokens": found.prompt_tokens,
                          "completion_tokens": found.completion_tokens, "tokens_per_second": round(found.completion_tokens / seconds, 1)}, ensure_ascii=False))
    else:
        print(found.text)
    return int(ExitCode.SUCCEEDED)


def _check(sampling: Sampling) -> None:
    demands = (
        (0 <= sampling.temperature <= 10, "--temperature", sampling.temperature, "from 0 to 10"),
        (0 < sampling.top_p <= 1, "--top-p", sampling.top_p, "above 0 and at most 1"),
        (sampling.top_k >= 0, "--top-k", sampling.top_k, "0 or more"),
        (1 <= sampling.max_new_tokens <= 1 << 20, "--max-new-tokens", sampling.max_new_tokens, "from 1 to 1048576"),
    )
    faults = [Fault("out_of_range", f"'{name}' is {value:g}; it must be {bounds}.", "Correct the value.", name) for is_sound, name, value, bounds in demands if not is_sound]
    if faults:
        raise FaultError(ExitCode.INVALID, faults)
