using System.Security.Claims;
using Beep.Host.Hosting.Access;
using Beep.Host.Hosting.Http;
using Beep.Host.Hosting.Live;
using Beep.Host.Identity.Privileges;

namespace Beep.Host.Jobs.Runs.Events;

/// <summary>One job, from its beginning or from where the caller left, to its end.</summary>
internal sealed class RunTopic(RunFeed feed, JobAccess access) : ILiveTopic
{
    public string Prefix => "job/";

    public async Task<IAsyncEnumerable<LiveEvent>?> WatchAsync(string topic, ClaimsPrincipal caller, long? lastSeq, CancellationToken cancellationToken)
    {
        if (!caller.Holds(Permissions.FinetuneRead)
            || await access.FindAsync(topic[Prefix.Length..], caller, AccessLevel.Read, cancellationToken).ConfigureAwait(false) is not { DeletedAt: null } job)
        {
            return null;
        }

        try
        {
            return feed.WatchAsync(job, RunCursor.Of(lastSeq), cancellationToken);
        }
        catch (HttpFaultException)
        {
            return null;
        }
    }
}
