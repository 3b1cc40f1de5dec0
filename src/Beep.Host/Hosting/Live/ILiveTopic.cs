using System.Security.Claims;

namespace Beep.Host.Hosting.Live;

/// <summary>Something that can be watched through <see cref="LiveHub"/>.</summary>
internal interface ILiveTopic
{
    /// <summary>The whole name, or with a slash at its end what names begin with: <c>tasks</c>, <c>task/</c>.</summary>
    string Prefix { get; }

    /// <summary>What happens from now on, or after <paramref name="lastSeq"/>: nothing is left out, nothing comes twice. Null when there is no such thing or the caller may not see it.</summary>
    Task<IAsyncEnumerable<LiveEvent>?> WatchAsync(string topic, ClaimsPrincipal caller, long? lastSeq, CancellationToken cancellationToken);
}
