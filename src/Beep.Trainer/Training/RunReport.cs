using System.Diagnostics;
using System.Reflection;
using Beep.Contracts;
using Beep.Trainer.Data;
using TorchSharp;

namespace Beep.Trainer.Training;

/// <summary>Says what happens, as events of the job folder.</summary>
internal sealed class RunReport(EventWriter events, JobSpec spec, TimeProvider time)
{
    private readonly long _started = time.GetTimestamp();
    private int _firstStep;
    private int _totalSteps;
    private long _loopStarted;
    private (long Tokens, long At) _lastMetric;

    /// <summary>Seconds since this worker began.</summary>
    public double Seconds => time.GetElapsedTime(_started).TotalSeconds;

    /// <summary>The largest resident memory so far, in bytes.</summary>
    public static long PeakMemory
    {
        get
        {
            using var process = Process.GetCurrentProcess();
            return process.PeakWorkingSet64;
        }
    }

    public void Started(TrainableModel model, BatchPlan plan, int? resumedFrom)
    {
        _firstStep = resumedFrom ?? 0;
        _totalSteps = plan.TotalSteps;
        var versions = new Dictionary<string, string>
        {
            ["beep"] = Assembly.GetExecutingAssembly().GetName().Version!.ToString(3),
            ["torch"] = torch.__version__,
            ["dotnet"] = Environment.Version.ToString(),
            ["threads"] = torch.get_num_threads().ToString(System.Globalization.CultureInfo.InvariantCulture),
        };
        var precision = model.Model.ComputeType == torch.ScalarType.BFloat16 ? Precision.Bf16 : Precision.Fp32;
        events.Write(new StartedEvent("torchsharp", versions, model.Model.Device.ToString(), SpecWriter.WireName(precision), model.TrainedCount, model.TotalCount, _totalSteps, resumedFrom));
        events.Flush();
    }

    public void Data(TrainingData data, BatchPlan plan)
    {
        var statistics = data.Train.Statistics;
        events.Write(new DataEvent(statistics.Rows, statistics.Tokens, statistics.TrainableTokens, statistics.Truncated, statistics.Dropped, plan.SequenceCount, data.Validation?.Rows ?? 0));
    }

    public void Step(TrainerState state, double epoch, double loss, double learningRate, double gradientNorm)
    {
        var now = time.GetTimestamp();
        if (_loopStarted == 0)
        {
            // The first step of a worker also warms it up: rates are counted from its end.
            _loopStarted = now;
            _lastMetric = (state.Tokens, now);
        }

        if (state.Step % spec.Train.LoggingSteps != 0 && state.Step != _totalSteps)
        {
            return;
        }

        var seconds = time.GetElapsedTime(_lastMetric.At, now).TotalSeconds;
        double? rate = seconds > 0 ? (state.Tokens - _lastMetric.Tokens) / seconds : null;
        events.Write(new MetricEvent(state.Step, epoch, Finite(loss), learningRate, Finite(gradientNorm), state.Tokens, rate, Environment.WorkingSet));
        events.Write(new ProgressEvent(state.Step, _totalSteps, epoch, Remaining(state.Step, now)));
        _lastMetric = (state.Tokens, now);
    }

    public void Evaluation(int step, double? loss, double accuracy) => events.Write(new EvaluationEvent(step, loss, accuracy));

    public void Sample(int step, string prompt, string text) => events.Write(new SampleEvent(step, prompt, text));

    public void Checkpoint(int step, string path)
    {
        events.Write(new CheckpointEvent(step, path));
        events.Flush();
    }

    public void Artifact(string name, string path, long bytes, string sha256)
    {
        events.Write(new ArtifactEvent(name, path, bytes, sha256));
        events.Flush();
    }

    public void Warn(string code, string message, string remedy) => events.Write(new WarningEvent(code, message, remedy));

    private double? Remaining(int step, long now)
    {
        var done = step - _firstStep - 1;
        return done > 0 ? time.GetElapsedTime(_loopStarted, now).TotalSeconds / done * (_totalSteps - step) : null;
    }

    private static double? Finite(double value) => double.IsFinite(value) ? value : null;
}
