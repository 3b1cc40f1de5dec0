using Beep.Contracts;
using Beep.Host.Hosting.Http;
using Microsoft.AspNetCore.Components;

namespace Beep.Host.Shell.Components;

/// <summary>A page that reads something: a skeleton while it does, what failed with its id when it fails, and its reads end with it.</summary>
public abstract partial class PageBase : ComponentBase, IDisposable
{
    private readonly CancellationTokenSource _left = new();

    // Taken once: the source gives none any more when the page is gone.
    private CancellationToken _token;

    /// <summary>Whether what the page shows has been read.</summary>
    protected bool IsLoaded { get; private set; }

    /// <summary>What went wrong; null while nothing did.</summary>
    protected PageFault? Failure { get; private set; }

    /// <summary>Cancelled when the person leaves the page.</summary>
    protected CancellationToken Left => _token;

    [Inject]
    private ILoggerFactory Loggers { get; set; } = default!;

    /// <summary>Reads what the page shows; called once there is a circuit, and for every retry.</summary>
    protected abstract Task LoadAsync(CancellationToken cancellationToken);

    protected override void OnInitialized() => _token = _left.Token;

    protected override async Task OnParametersSetAsync()
    {
        // Drawing before there is a circuit shows the skeleton; reading twice would cost twice.
        if (RendererInfo.IsInteractive)
        {
            await ReloadAsync();
        }
    }

    /// <summary>Reads again.</summary>
    protected async Task ReloadAsync() => await GuardAsync(async () =>
    {
        await LoadAsync(Left);
        IsLoaded = true;
    });

    /// <summary>Does something and shows what is wrong with it; returns whether it was done.</summary>
    protected async Task<bool> GuardAsync(Func<Task> work)
    {
        ArgumentNullException.ThrowIfNull(work);
        Failure = null;
        try
        {
            await work();
            return true;
        }
        catch (Exception) when (_left.IsCancellationRequested)
        {
            // Whatever came of it: nobody is there to see.
            return false;
        }
        catch (HttpFaultException error)
        {
            Failure = PageFault.Of(error.Faults[0]);
        }
        catch (FaultException error)
        {
            Failure = PageFault.Of(error.Faults[0]);
        }
#pragma warning disable CA1031 // The last place where a page can say that it failed instead of going away.
        catch (Exception error)
        {
            var id = Guid.NewGuid().ToString("N");
            Log.Failed(Loggers.CreateLogger(GetType()), id, error);
            Failure = new PageFault("The server failed at this.", "Try again; if it stays, look up the id in the server's log.", id);
        }
#pragma warning restore CA1031

        return false;
    }

    public void Dispose()
    {
        Dispose(isDisposing: true);
        GC.SuppressFinalize(this);
    }

    protected virtual void Dispose(bool isDisposing)
    {
        if (isDisposing && !_left.IsCancellationRequested)
        {
            _left.Cancel();
            _left.Dispose();
        }
    }

    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Error, "A page failed; it shows the id {Id}.")]
        public static partial void Failed(ILogger logger, string id, Exception error);
    }
}

/// <summary>What a page says when it cannot show or do something.</summary>
/// <param name="Message">What failed.</param>
/// <param name="Remedy">What to do.</param>
/// <param name="Id">Under which the server's log has more; null where the message is all.</param>
public sealed record PageFault(string Message, string Remedy, string? Id)
{
    internal static PageFault Of(Fault fault) => new(fault.Message, fault.Remedy, null);
}
