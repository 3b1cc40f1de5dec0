using Beep.Contracts;

namespace Beep.Host.Jobs.Placing;

/// <summary>What each backend can do. What a custom one does, nobody knows before it says so.</summary>
internal static class BackendAbilities
{
    private static readonly Backend[] All = Enum.GetValues<Backend>();

    public static bool Does(Backend backend, TrainingMethod method) => backend != Backend.Torchsharp || method is TrainingMethod.Lora or TrainingMethod.Full;

    public static bool Does(Backend backend, TrainingTask task) => backend switch
    {
        Backend.Torchsharp => task is TrainingTask.Sft or TrainingTask.Pretrain,
        _ => true,
    };

    /// <summary>The backends that do something, the plainest first.</summary>
    public static IReadOnlyList<Backend> With(Func<Backend, bool> does) => [.. All.Where(backend => backend != Backend.Custom && does(backend))];
}
