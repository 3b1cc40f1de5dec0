using System.Text.Json;
using System.Text.Json.Serialization;
using Beep.Contracts;

namespace Beep.Trainer.Training;

/// <summary>
/// What a run must know to go on as if it had never stopped, beside the weights and the optimizer's state. The data
/// position, the learning rate and every draw of the dropout are functions of the step and the spec.
/// </summary>
/// <param name="Step">Optimizer steps done.</param>
/// <param name="Tokens">Tokens trained on, padding left out.</param>
/// <param name="NonfiniteInARow">How many of the last steps had a loss or gradient that was not finite.</param>
/// <param name="DataKey">Names the tokenised training rows: a checkpoint does not go on with others.</param>
/// <param name="TrainLoss">The loss of the last step.</param>
/// <param name="FirstEvaluationLoss">The held-out loss before the first step.</param>
/// <param name="LastEvaluationLoss">The newest held-out loss.</param>
/// <param name="ObservedAt">The last step whose evaluation and samples, where due, were not given up for a cancellation.</param>
internal sealed record TrainerState(
    int Step,
    long Tokens,
    int NonfiniteInARow,
    string DataKey,
    double? TrainLoss = null,
    double? FirstEvaluationLoss = null,
    double? LastEvaluationLoss = null,
    int ObservedAt = -1)
{
    /// <summary>The file's name in a checkpoint.</summary>
    public const string FileName = "trainer_state.json";

    /// <summary>Reads the file of a checkpoint.</summary>
    public static TrainerState Read(string folder)
    {
        var path = Path.Combine(folder, FileName);
        try
        {
            return JsonSerializer.Deserialize(File.ReadAllBytes(path), TrainerStateJson.Default.TrainerState) ?? throw new JsonException("the file holds null");
        }
        catch (Exception error) when (error is IOException or JsonException or UnauthorizedAccessException)
        {
            throw FaultException.Invalid("bad_checkpoint", $"The checkpoint cannot be read: {error.Message}", $"Delete the folder '{folder}' to go on from the one before it.", path, error);
        }
    }

    /// <summary>Writes the file into a checkpoint.</summary>
    public void Write(string folder) =>
        DurableFile.Write(Path.Combine(folder, FileName), JsonSerializer.SerializeToUtf8Bytes(this, TrainerStateJson.Default.TrainerState));
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, WriteIndented = true)]
[JsonSerializable(typeof(TrainerState))]
internal sealed partial class TrainerStateJson : JsonSerializerContext;
