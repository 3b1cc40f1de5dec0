"""The worker's command line. People use `beep`, which starts this."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from .faults import ExitCode, FaultError, invalid


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        self.print_usage(sys.stderr)
        print(f"{message} [bad_arguments]", file=sys.stderr)
        sys.exit(ExitCode.INVALID)


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    _stay_home()
    try:
        return int(options.run(options))
    except FaultError as error:
        print("\n".join(map(str, error.faults)), file=sys.stderr, flush=True)
        return int(error.exit_code)
    except ImportError as error:
        print(f"A library cannot be imported: {error} Repair the environment; 'python3 -m beep_trainer check' says what is missing. [library_missing]", file=sys.stderr)
        return int(ExitCode.FAILED)


def _stay_home() -> None:
    """Nothing leaves the machine unless told to: not for weights, not for statistics. Before any library is imported."""
    if os.environ.get("BEEP_ALLOW_NETWORK") != "1":
        os.environ |= {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1"}
    os.environ |= {"HF_HUB_DISABLE_TELEMETRY": "1", "DO_NOT_TRACK": "1", "HF_HUB_DISABLE_PROGRESS_BARS": "1", "BITSANDBYTES_NOWELCOME": "1", "TRANSFORMERS_NO_ADVISORY_WARNINGS": "1"}
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="beep_trainer", description="The Hugging Face training worker of beep.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND", parser_class=_Parser)

    train = commands.add_parser("train", help="run the job of a folder, or go on with it from its last checkpoint")
    train.add_argument("job_folder", help="a folder with a spec.json")
    train.add_argument("--processes", default=None, help="start so many processes that train together, or `auto` for one a GPU")
    train.set_defaults(run=_train)

    generate = commands.add_parser("generate", help="answer a prompt")
    generate.add_argument("--model", required=True, help="a model folder in Hugging Face layout")
    generate.add_argument("--adapter", help="an adapter folder in PEFT layout")
    generate.add_argument("--prompt", required=True, help="what to answer")
    generate.add_argument("--system", help="a system message before it")
    generate.add_argument("--max-new-tokens", type=int, default=256, help="the longest answer, in tokens")
    generate.add_argument("--temperature", type=float, default=0.0, help="0 takes the likeliest words; 1 draws as the model learnt")
    generate.add_argument("--top-p", type=float, default=1.0, help="draw from the fewest tokens that hold this share")
    generate.add_argument("--top-k", type=int, default=0, help="draw from so many tokens at most; 0 from all")
    generate.add_argument("--seed", type=int, default=42, help="makes the draws repeatable")
    generate.add_argument("--raw", action="store_true", help="continue the prompt as plain text, without the chat template")
    generate.add_argument("--precision", choices=("auto", "fp32", "bf16"), default="auto")
    generate.add_argument("--json", action="store_true", help="one JSON object instead of text")
    generate.set_defaults(run=_generate)

    merge = commands.add_parser("merge", help="add an adapter to its base model")
    merge.add_argument("--model", required=True, help="the base model's folder")
    merge.add_argument("--adapter", required=True, help="the adapter's folder")
    merge.add_argument("--out", required=True, help="a new folder for the merged model")
    merge.set_defaults(run=_merge)

    check = commands.add_parser("check", help="tell the libraries, the devices and which methods can run here, as JSON")
    check.set_defaults(run=_check)
    selftest = commands.add_parser("selftest", help="train a tiny drawn model for two steps in a temporary folder")
    selftest.set_defaults(run=_selftest)
    return parser


def _train(options: argparse.Namespace) -> int:
    if not Path(options.job_folder).is_dir():
        raise invalid("job_not_found", f"There is no job folder '{options.job_folder}'.", "Name a folder that holds a spec.json.", options.job_folder)
    if options.processes is not None:
        from .machine.processes import run_together

        return run_together(options.job_folder, options.processes)
    from .job.folder import JobFolder
    from .training.runner import JobRunner

    return JobRunner(JobFolder(options.job_folder)).run()


def _generate(options: argparse.Namespace) -> int:
    from .machine.answering import answer

    return answer(options)


def _merge(options: argparse.Namespace) -> int:
    from .machine.merging import merge

    return merge(Path(options.model), Path(options.adapter), Path(options.out))


def _check(_: argparse.Namespace) -> int:
    from .machine.checking import check

    return check()


def _selftest(_: argparse.Namespace) -> int:
    from .machine.selftest import selftest

    return selftest()
