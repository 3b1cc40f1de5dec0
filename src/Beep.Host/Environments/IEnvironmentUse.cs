namespace Beep.Host.Environments;

/// <summary>A feature that may be using an environment; register every one there is.</summary>
internal interface IEnvironmentUse
{
    /// <summary>What uses it, as the end of a sentence: <c>the job 'Support answers' is running in it</c>. Null when nothing does.</summary>
    Task<string?> FindAsync(string name, CancellationToken cancellationToken);
}
