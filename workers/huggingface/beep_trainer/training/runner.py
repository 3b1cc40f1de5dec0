"""Runs the job of a folder and leaves exit.json, whatever happens."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable

import torch

from ..data.preparation import Cancelled
from ..faults import ExitCode, FaultError, failed
from ..job.durable import remove_leftovers
from ..job.events import EventWriter, now
from ..job.exit import JobExit, Summary
from ..job.folder import JobFolder
from ..job.lock import JobLock
from ..job.spec import JobSpec
from ..job.spec_reader import read_spec
from ..model.trainable import TrainableModel
from . import memory, support
from .cancel import CancelSignal
from .loader import TrainingData, fit_spec, load_data
from .report import RunReport, write_faults
from .result import write_artifact
from .restart import Restart
from .run import TrainingRun
from .sharding import Shards
from .translation import forget, hand_over, taken_over, translate
from .world import World

Reason = tuple[str, str]


class JobRunner:
    def __init__(self, folder: JobFolder) -> None:
        self._folder, self._started_at = folder, now()
        self._summary: Summary | None = None

    def run(self) -> ExitCode:
        """The exit code. Of several processes the first holds the folder; the others compute."""
        world = World()
        # To the end of the last word: who starts several processes ends all of them by a signal when one has ended.
        cancel = CancelSignal(self._folder, lambda: world.seconds)
        try:
            return self._hold(world, cancel) if world.is_first else self._follow(world, cancel)
        finally:
            world.close()
            cancel.close()

    def _hold(self, world: World, cancel: CancelSignal) -> ExitCode:
        lock = self._take()
        try:
            events = self._open()
            is_orderly = True
            try:
                try:
                    end = self._execute(world, events, cancel)
                except Exception as error:  # whatever it is, the folder shall say so
                    is_orderly = False
                    end = self._fail(error, events)
                self._try_write(lambda: events.write("finished", status=end.status))
                self._try_write(events.flush)
                self._try_write(lambda: end.write(self._folder))
                if is_orderly:
                    world.meet()
                return end.exit_code
            finally:
                events.close()
        finally:
            lock.release()

    def _follow(self, world: World, cancel: CancelSignal) -> ExitCode:
        try:
            code = self._execute(world, None, cancel).exit_code
            # The first still writes, however long that takes, and would be ended if this one ended before it.
            world.meet()
            return code
        except Exception as error:
            fault = translate(error)
            print(f"process {world.rank}: {fault}", file=sys.stderr, flush=True)
            self._try_write(lambda: hand_over(fault, world.rank, self._folder))
            traceback.print_exc()
            return fault.exit_code

    def _execute(self, world: World, events: EventWriter | None, cancel: CancelSignal) -> JobExit:
        spec = fit_spec(self._read(world))
        cancel.max_seconds = spec.limits.max_seconds
        report = RunReport(events, spec, world.device)
        data = self._load(spec, cancel, world)
        if data is None:
            return self._cancelled(cancel.reason or ("cancelled", "The run was cancelled."))
        if not Shards(spec, world).is_on or not Restart.IS_KNOWN:
            return self._train(spec, data, report, cancel, world, None)
        restart = Restart(self._folder, world, cancel)
        restart.watch()
        try:
            return self._train(spec, data, report, cancel, world, restart)
        except RuntimeError:
            restart.give_way()
            raise
        finally:
            restart.end()

    def _read(self, world: World) -> JobSpec:
        spec = read_spec(self._folder.spec)
        support.check(spec, world.device)
        return spec

    def _train(self, spec: JobSpec, data: TrainingData, report: RunReport, cancel: CancelSignal, world: World, restart: Restart | None) -> JobExit:
        # Weights that will be spread are read into the machine's memory: no device need hold them all.
        place = torch.device("cpu") if Shards(spec, world).is_on else world.device
        model = TrainableModel.create(spec, support.compute_type(spec.train.precision, world.device), place)
        try:
            run = TrainingRun(spec, self._folder, model, data, report, cancel, world, restart)
        except Cancelled:
            return self._cancelled(cancel.reason or ("cancelled", "The run was cancelled."))
        try:
            stopped = run.execute()
            if stopped is None:
                weights = run.gather()
                if world.is_first:
                    name, path, size, sha256 = write_artifact(model, weights, self._folder, run.state)
                    report.artifact(name, self._folder.relative(path), size, sha256)
        finally:
            self._summary = self._summarise(run, spec, report, world)
        return self._cancelled(stopped) if stopped else JobExit("succeeded", ExitCode.SUCCEEDED, self._started_at, summary=self._summary)

    def _load(self, spec: JobSpec, cancel: CancelSignal, world: World) -> TrainingData | None:
        """None when the run was cancelled while the rows were read, before which no step can have been lost."""
        if not world.is_first:
            # The first process tokenises; it then says whether there is anything to read, and what it ends for if not.
            return load_data(spec, self._folder, lambda: False) if self._agreed(world) else None
        data = None
        try:
            if cancel.reason is None:
                data = load_data(spec, self._folder, lambda: cancel.reason is not None)
        except Cancelled:
            pass
        except BaseException:
            world.share("failed")
            raise
        world.share("ready" if data is not None else "cancelled")
        return data

    @staticmethod
    def _agreed(world: World) -> bool:
        answer = world.share(None)
        if answer == "failed":
            raise failed("first_process_failed", "The first process could not read the data.", "See its own message.")
        return answer == "ready"

    def _take(self) -> JobLock:
        try:
            lock = JobLock.try_take(self._folder)
        except OSError as error:
            raise self._not_writable(error) from error
        if lock is None:
            raise failed("job_running", "Another worker is running this job.", "Wait for it, or stop it first.", str(self._folder.root))
        return lock

    def _open(self) -> EventWriter:
        folder = self._folder
        try:
            folder.exit.unlink(missing_ok=True)
            forget(folder)
            for one in (folder.root, folder.checkpoints, folder.artifacts, folder.cache):
                remove_leftovers(one)
            return EventWriter(folder)
        except OSError as error:
            raise self._not_writable(error) from error

    def _not_writable(self, error: OSError) -> FaultError:
        return failed("not_writable", f"The job folder cannot be written: {error}", "Check its permissions and its disk.", str(self._folder.root))

    def _cancelled(self, reason: Reason) -> JobExit:
        return JobExit("cancelled", ExitCode.CANCELLED, self._started_at, reason[0], reason[1], "Run the job again: it goes on from its last checkpoint.", self._summary)

    def _fail(self, error: Exception, events: EventWriter) -> JobExit:
        fault = translate(error) if isinstance(error, FaultError) else taken_over(self._folder) or translate(error)
        self._try_write(lambda: write_faults(events, fault.faults))
        for one in fault.faults:
            print(one, file=sys.stderr, flush=True)
        if fault.exit_code == ExitCode.FAILED:
            traceback.print_exception(error)
        first = fault.faults[0]
        return JobExit("failed", fault.exit_code, self._started_at, first.code, first.message, first.remedy, self._summary)

    def _summarise(self, run: TrainingRun, spec: JobSpec, report: RunReport, world: World) -> Summary:
        state = run.state
        first = state.first_evaluation_loss if spec.data.validation is not None else None
        return Summary(state.step, run.epochs, state.tokens, report.seconds, state.train_loss, first, state.last_evaluation_loss, memory.peak(world.device), run.last_checkpoint)

    @staticmethod
    def _try_write(write: Callable[[], None]) -> None:
        """On a full disk the last words may not fit: the exit code still tells, and the earlier fault is the one to report."""
        try:
            write()
        except OSError as error:
            print(f"The job folder could not be written: {error}", file=sys.stderr, flush=True)
