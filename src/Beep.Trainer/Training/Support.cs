using Beep.Contracts;
using Beep.LanguageModels.Estimation;
using Beep.Trainer.Models;
using static TorchSharp.torch;

namespace Beep.Trainer.Training;

/// <summary>What this worker can do, and on what.</summary>
internal static class Support
{
    /// <summary>Refuses, by name and all at once, what a spec may ask for and this worker does not do.</summary>
    public static void Check(JobSpec spec)
    {
        var faults = new List<Fault>();
        if (spec.Backend != Backend.Torchsharp)
        {
            faults.Add(Unsupported("backend", SpecWriter.WireName(spec.Backend), "torchsharp"));
        }

        if (spec.Task is not (TrainingTask.Sft or TrainingTask.Pretrain))
        {
            faults.Add(Unsupported("task", SpecWriter.WireName(spec.Task), "sft, pretrain"));
        }

        if (spec.Method is not (TrainingMethod.Lora or TrainingMethod.Full))
        {
            faults.Add(Unsupported("method", SpecWriter.WireName(spec.Method), "lora, full"));
        }

        if (faults.Count > 0)
        {
            throw new FaultException(WorkerExitCode.Invalid, faults);
        }
    }

    /// <summary>The first GPU that torch sees, else the processor.</summary>
    public static Device Device() => cuda.is_available() ? CUDA : CPU;

    /// <summary>bf16 on a GPU and 32 bits on a processor, unless the spec says.</summary>
    public static ScalarType ComputeType(Precision precision) => precision switch
    {
        Precision.Fp32 => ScalarType.Float32,
        Precision.Bf16 => ScalarType.BFloat16,
        Precision.Auto => cuda.is_available() ? ScalarType.BFloat16 : ScalarType.Float32,
    };

    /// <summary>Whether blocks are computed again on the way back; on a GPU <c>auto</c> does, since its free memory cannot be asked for.</summary>
    public static bool Recomputes(JobSpec spec, CausalLanguageModel model, int longestSequence)
    {
        var memory = model.Device.type == TorchSharp.DeviceType.CPU ? GC.GetGCMemoryInfo().TotalAvailableMemoryBytes : 0;
        return Recomputation.Resolve(spec, model.Config, longestSequence, model.ComputeType == ScalarType.BFloat16, memory).Train.GradientCheckpointing == AutoSwitch.On;
    }

    private static Fault Unsupported(string field, string value, string known) =>
        new("unsupported", $"'{field}' is '{value}', which the torchsharp backend does not do.", $"Known here: {known}.", field);
}
