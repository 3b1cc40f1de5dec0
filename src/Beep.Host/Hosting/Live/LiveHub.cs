using System.Runtime.CompilerServices;
using Beep.Host.Hosting.Access;
using Microsoft.AspNetCore.SignalR;

namespace Beep.Host.Hosting.Live;

/// <summary>What pages and programs watch. A topic checks by itself who may see it.</summary>
[RequireSignedIn]
internal sealed class LiveHub(IEnumerable<ILiveTopic> topics) : Hub
{
    private const int MostWatches = 32;
    private const int LongestTopic = 200;
    private static readonly object Watches = new();

    public override Task OnConnectedAsync()
    {
        Context.Items[Watches] = new StrongBox<int>();
        return base.OnConnectedAsync();
    }

    /// <summary>Follows a topic to its end: from now on, or from after the number that the client saw last.</summary>
    [RequireSignedIn]
    public async IAsyncEnumerable<LiveEvent> Watch(string topic, long? lastSeq, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var watches = (StrongBox<int>)Context.Items[Watches]!;
        if (Interlocked.Increment(ref watches.Value) > MostWatches)
        {
            Interlocked.Decrement(ref watches.Value);
            throw new HubException($"too_many_watches: a connection follows at most {MostWatches} topics.");
        }

        try
        {
            var events = topic is { Length: > 0 and <= LongestTopic } && topics.FirstOrDefault(known => Fits(known.Prefix, topic)) is { } found
                ? await found.WatchAsync(topic, Context.User!, lastSeq, cancellationToken).ConfigureAwait(false)
                : null;
            if (events is null)
            {
                throw new HubException("unknown_topic: there is no such topic, or it is somebody else's.");
            }

            await foreach (var happened in events.WithCancellation(cancellationToken).ConfigureAwait(false))
            {
                yield return happened;
            }
        }
        finally
        {
            Interlocked.Decrement(ref watches.Value);
        }
    }

    private static bool Fits(string prefix, string topic) =>
        prefix.EndsWith('/') ? topic.Length > prefix.Length && topic.StartsWith(prefix, StringComparison.Ordinal) : topic == prefix;
}
