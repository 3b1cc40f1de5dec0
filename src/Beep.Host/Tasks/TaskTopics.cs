using System.Security.Claims;
using Beep.Host.Hosting.Access;
using Beep.Host.Hosting.Live;

namespace Beep.Host.Tasks;

/// <summary>All tasks that the caller may see.</summary>
internal sealed class TasksTopic(TaskFeed feed) : ILiveTopic
{
    public string Prefix => "tasks";

    public Task<IAsyncEnumerable<LiveEvent>?> WatchAsync(string topic, ClaimsPrincipal caller, long? lastSeq, CancellationToken cancellationToken) => Task.FromResult(
        TaskAccess.SeesAll(caller) ? feed.WatchLiveAsync(new TaskFilter(), lastSeq, cancellationToken)
        : caller.FindUserId() is { } user ? feed.WatchLiveAsync(new TaskFilter { OwnerId = user }, lastSeq, cancellationToken)
        : null);
}

/// <summary>One task, from its beginning or from where the caller left, to its end.</summary>
internal sealed class TaskTopic(TaskFeed feed, TaskAccess access) : ILiveTopic
{
    public string Prefix => "task/";

    public async Task<IAsyncEnumerable<LiveEvent>?> WatchAsync(string topic, ClaimsPrincipal caller, long? lastSeq, CancellationToken cancellationToken) =>
        await access.FindAsync(topic[Prefix.Length..], caller, cancellationToken).ConfigureAwait(false) is { } task
            ? await feed.WatchTaskAsync(task, lastSeq, cancellationToken).ConfigureAwait(false)
            : null;
}
