namespace Beep.Host.Models;

/// <summary>A feature that may still need a model; register every one there is.</summary>
internal interface IModelUse
{
    /// <summary>What needs the model, as the end of a sentence: <c>the job 'Support answers' is running</c>. Null when nothing does.</summary>
    Task<string?> FindAsync(string modelId, CancellationToken cancellationToken);
}
