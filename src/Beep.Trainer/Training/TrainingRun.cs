using Beep.Contracts;
using Beep.LanguageModels.Packing;
using Beep.Trainer.Data;
using Beep.Trainer.Optimizers;

namespace Beep.Trainer.Training;

/// <summary>The training loop: read it downward.</summary>
internal sealed class TrainingRun : IDisposable
{
    private readonly JobSpec _spec;
    private readonly TrainableModel _model;
    private readonly TrainingData _data;
    private readonly BatchPlan _plan;
    private readonly IOptimizer _optimizer;
    private readonly LearningRateSchedule _schedule;
    private readonly GradientPass _pass;
    private readonly Evaluator? _evaluator;
    private readonly CheckpointStore _checkpoints;
    private readonly SampleWriter _samples;
    private readonly RunReport _report;
    private readonly CancelSignal _cancel;
    private TrainerState _state;
    private TrainerState? _saved;

    public TrainingRun(JobSpec spec, JobFolder folder, TrainableModel model, TrainingData data, RunReport report, CancelSignal cancel)
    {
        (_spec, _model, _data, _report, _cancel) = (spec, model, data, report, cancel);
        _plan = new BatchPlan(data.Train, spec);
        _optimizer = spec.Train.Optimizer == OptimizerKind.Adamw ? new AdamW(model.Trained, spec.Train.WeightDecay) : new Sgd(model.Trained, spec.Train.WeightDecay);
        _schedule = new LearningRateSchedule(spec.Train, _plan.TotalSteps);
        _pass = new GradientPass(model.Model, Support.Recomputes(spec, model.Model, _plan.LongestSequence));
        _evaluator = data.Validation is null ? null : new Evaluator(model.Model, data.Validation, spec);
        _checkpoints = new CheckpointStore(folder, spec.Train.SaveTotalLimit);
        _samples = new SampleWriter(model.Model, data.Tokenizer, data.Template, spec.Samples, report);
        _state = new TrainerState(0, 0, 0, data.Key);
    }

    /// <summary>What was reached so far.</summary>
    public TrainerState State => _state;

    /// <summary>The newest checkpoint, relative to the job folder; null while there is none.</summary>
    public string? LastCheckpoint => _checkpoints.Last;

    /// <summary>How often every row was visited.</summary>
    public double Epochs => (double)_state.Step / _plan.StepsPerEpoch;

    /// <summary>Trains to the last step, or until asked to stop; a checkpoint of where it stopped is then complete.</summary>
    /// <returns>Why it stopped before its end; null when it did not.</returns>
    /// <exception cref="FaultException">The loss was not finite too often, or the machine failed.</exception>
    public (string Code, string Message)? Execute()
    {
        _saved = _spec.Resume == ResumePolicy.Auto ? _checkpoints.Restore(_model, _optimizer, _data.Key) : null;
        _state = _saved ?? _state;
        _report.Started(_model, _plan, _saved?.Step);
        _report.Data(_data, _plan);
        Observe();
        while (_state.Step < _plan.TotalSteps)
        {
            if (_cancel.Reason is { } reason)
            {
                Save();
                return reason;
            }

            Step();
            Observe();
            if (_state.Step == _plan.TotalSteps || IsDue(_spec.Train.SaveSteps))
            {
                Save();
            }
        }

        return _state.ObservedAt == _state.Step ? null : _cancel.Reason;
    }

    /// <inheritdoc/>
    public void Dispose() => _optimizer.Dispose();

    /// <summary>One optimizer step over one effective batch.</summary>
    private void Step()
    {
        var step = _state.Step;
        var batches = _plan.MicroBatches(step);
        var labelled = batches.Sum(batch => (long)batch.LabelledTokens);
        var learningRate = _schedule.At(step);
        var lossSum = 0.0;
        for (var i = 0; i < batches.Count; i++)
        {
            if (batches[i].LabelledTokens > 0)
            {
                lossSum += _pass.Run(batches[i], 1.0 / labelled, DropoutSeed(step, i));
            }
        }

        // Every token weighs the same, however the rows fell into forward passes.
        var loss = labelled > 0 ? lossSum / labelled : double.NaN;
        var norm = Gradients.Norm(_model.Trained);
        var isFinite = double.IsFinite(loss) && double.IsFinite(norm);
        if (isFinite)
        {
            Gradients.Clip(_model.Trained, norm, _spec.Train.MaxGradNorm);
            _optimizer.Step(step + 1, learningRate);
        }

        Gradients.Clear(_model.Trained);
        _state = _state with
        {
            Step = step + 1,
            Tokens = _state.Tokens + batches.Sum(batch => (long)batch.Tokens),
            NonfiniteInARow = isFinite || labelled == 0 ? 0 : _state.NonfiniteInARow + 1,
            TrainLoss = isFinite ? loss : null,
        };
        _report.Step(_state, Epochs, loss, learningRate, norm);
        if (!isFinite)
        {
            Refuse(batches, labelled, loss, norm);
        }
    }

    /// <summary>A step without a usable gradient changes nothing; too many of them end the run.</summary>
    private void Refuse(IReadOnlyList<TokenBatch> batches, long labelled, double loss, double norm)
    {
        var lines = string.Join(", ", batches.SelectMany(batch => batch.Lines).Distinct().Order().Take(8));
        if (labelled == 0)
        {
            _report.Warn("no_trainable_token", $"Step {_state.Step} has no token to learn from (lines {lines}); the weights are unchanged.", "Set data.untrainable=drop.");
            return;
        }

        var what = $"the loss of step {_state.Step} is {loss} and its gradient norm {norm} (lines {lines})";
        _report.Warn("not_finite", $"In {_spec.Data.Train}, {what}; the weights are unchanged.", "Look at those rows; lower train.learning_rate.");
        if (_state.NonfiniteInARow >= _spec.Limits.StopAfterNonfinite)
        {
            throw new FaultException(WorkerExitCode.NotFinite, new Fault(
                "not_finite",
                $"Stopped after {_state.NonfiniteInARow} steps in a row without a finite loss: {what}.",
                "Lower train.learning_rate, use train.precision=fp32, or look at those rows; then resume from the last checkpoint."));
        }
    }

    /// <summary>
    /// Evaluates and writes samples where that is due and not yet done. A cancellation gives it up, and the worker that
    /// resumes makes up for it, so that no figure of the uninterrupted run is missing.
    /// </summary>
    private void Observe()
    {
        var isEnd = _state.Step == 0 || _state.Step == _plan.TotalSteps;
        if (_state.ObservedAt != _state.Step
            && (!(isEnd || IsDue(_spec.Train.EvalSteps)) || Evaluate())
            && (!(isEnd || IsDue(_spec.Samples.EverySteps)) || _samples.Write(_state.Step, IsCancelled)))
        {
            _state = _state with { ObservedAt = _state.Step };
        }
    }

    /// <summary>False when a cancellation gave it up.</summary>
    private bool Evaluate()
    {
        if (_evaluator is null)
        {
            return true;
        }

        if (_evaluator.Run(IsCancelled) is not var (mean, accuracy))
        {
            return false;
        }

        double? loss = double.IsFinite(mean) ? mean : null;
        _report.Evaluation(_state.Step, loss, accuracy);
        _state = _state with { LastEvaluationLoss = loss, FirstEvaluationLoss = _state.Step == 0 ? loss : _state.FirstEvaluationLoss };
        return true;
    }

    /// <summary>Saves what is not in the newest checkpoint yet: writing that again would put it at risk.</summary>
    private void Save()
    {
        if (_state != _saved)
        {
            _checkpoints.Save(_state, _model, _optimizer);
            _saved = _state;
            _report.Checkpoint(_state.Step, _checkpoints.Last!);
        }
    }

    private bool IsCancelled() => _cancel.Reason is not null;

    private bool IsDue(int? every) => every is { } steps && _state.Step % steps == 0;

    private long? DropoutSeed(int step, int microBatch) =>
        _model.HasDropout ? SeededOrder.Derive(_spec.Train.Seed, 2 + ((long)step << 16) + microBatch) : null;
}
