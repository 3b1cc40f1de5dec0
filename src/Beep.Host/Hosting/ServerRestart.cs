namespace Beep.Host.Hosting;

/// <summary>The wish that the server stops and starts again in its process, with the settings as they are then.</summary>
internal sealed class ServerRestart
{
    private readonly TaskCompletionSource _wanted = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Ends when it is wished.</summary>
    public Task Wanted => _wanted.Task;

    public void Ask() => _wanted.TrySetResult();
}
