using System.Security.Claims;
using Beep.Host.Hosting.Access;
using Beep.Host.Hosting.Http;
using Beep.Host.Hosting.Live;
using Beep.Host.Identity.Privileges;
using Beep.Host.Jobs.Runs.Compare;
using Beep.Host.Jobs.Runs.Events;
using Beep.Host.Jobs.Runs.Logs;
using Beep.Host.Jobs.Runs.Metrics;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Beep.Host.Jobs.Runs;

/// <summary>What a run says: <c>/api/v1/finetune/jobs/{id}/events</c>, <c>/metrics</c>, <c>/logs</c>, and several side by side.</summary>
internal static class RunEndpoints
{
    public const string Jobs = "/api/v1/finetune/jobs";
    private const string Backward = "backward";
    private const string Forward = "forward";
    private const int LongestSearch = 200;

    public static void Map(IEndpointRouteBuilder routes)
    {
        var jobs = routes.MapGroup(Jobs).WithTags("runs").RequirePermission(Permissions.FinetuneRead);
        jobs.MapGet("/{id}/events", EventsAsync).WithName("ReadJobEvents").Produces<Page<LiveEvent>>()
            .WithSummary("What happened to a job, oldest first; as server-sent events with Accept: text/event-stream, where Last-Event-ID goes on where a connection broke.");
        jobs.MapGet("/{id}/metrics", MetricsAsync).WithName("ReadJobMetrics").WithSummary("The figures of a run over its steps, thinned to a number of points with the extremes kept.");
        jobs.MapGet("/{id}/logs", LogsAsync).WithName("ReadJobLog").Produces<LogPage>()
            .WithSummary("What the worker printed, forward or backward from a cursor, or the lines that hold a text; its end and what follows as server-sent events.");
        jobs.MapGet("/compare", CompareAsync).WithName("CompareJobs").WithSummary("Up to 8 runs side by side: the settings in which they differ, and how they came out.");
    }

    private static async Task<IResult> EventsAsync(string id, [AsParameters] PageRequest page, HttpContext http, JobAccess access, RunFeed feed, CancellationToken cancellationToken)
    {
        var job = await access.RequireAsync(id, http.User, AccessLevel.Read, cancellationToken);
        if (EventStream.IsWanted(http.Request))
        {
            return new EventStream(feed.WatchAsync(job, RunCursor.Of(EventStream.LastSeq(http.Request) ?? page.After), cancellationToken));
        }

        var (events, next, isOver) = await feed.ReadAsync(job, RunCursor.Of(page.After), page.Size, cancellationToken);
        return TypedResults.Ok(new Page<LiveEvent>(events, isOver ? null : PageRequest.CursorOf(next.Number)));
    }

    private static async Task<Ok<MetricsView>> MetricsAsync(
        string id, int? points, string? series, int? from, int? to, ClaimsPrincipal user, JobAccess access, RunMetrics metrics, CancellationToken cancellationToken)
    {
        var job = await access.RequireAsync(id, user, AccessLevel.Read, cancellationToken);
        var most = points ?? RunMetrics.DefaultPoints;
        if (most is < RunMetrics.LeastPoints or > RunMetrics.MostPoints)
        {
            throw HttpFaultException.Invalid("bad_points", $"points is {most}.", $"Ask for {RunMetrics.LeastPoints} to {RunMetrics.MostPoints}.", "points");
        }

        if (from < 0 || to < from)
        {
            throw HttpFaultException.Invalid("bad_range", $"The steps from {from ?? 0} to {to} are no range.", "Give a first step from 0 on and a last one that is not before it.", "from");
        }

        return TypedResults.Ok(await metrics.ReadAsync(job.Id, new MetricsRequest(SeriesOf(series), most, from, to), cancellationToken));
    }

    private static async Task<IResult> LogsAsync(
        string id, [AsParameters] PageRequest page, string? direction, string? search, HttpContext http, JobAccess access, RunLogs logs, CancellationToken cancellationToken)
    {
        var job = await access.RequireAsync(id, http.User, AccessLevel.Read, cancellationToken);
        if (EventStream.IsWanted(http.Request))
        {
            return new EventStream(logs.FollowAsync(job, EventStream.LastSeq(http.Request) ?? page.After, cancellationToken));
        }

        if (direction is not (null or Forward or Backward))
        {
            throw HttpFaultException.Invalid("bad_direction", $"direction is '{direction}'.", $"Say {Forward} or {Backward}.", "direction");
        }

        if (search is { Length: > LongestSearch })
        {
            throw HttpFaultException.Invalid("bad_search", $"search has {search.Length} characters.", $"Search for at most {LongestSearch}.", "search");
        }

        return TypedResults.Ok(logs.Read(job, page.After, direction == Backward, string.IsNullOrEmpty(search) ? null : search, page.Size));
    }

    private static async Task<Ok<ComparisonView>> CompareAsync(string? ids, ClaimsPrincipal user, RunComparison comparison, CancellationToken cancellationToken) =>
        TypedResults.Ok(await comparison.ReadAsync(RunComparison.IdsOf(ids), user, cancellationToken));

    private static IReadOnlyList<MetricSeries> SeriesOf(string? names) => string.IsNullOrEmpty(names)
        ? MetricSeries.All
        : [.. names.Split(',', StringSplitOptions.TrimEntries).Distinct(StringComparer.Ordinal).Select(name => MetricSeries.All.FirstOrDefault(series => series.Name == name)
            ?? throw HttpFaultException.Invalid("unknown_series", $"There is no series '{name}'.", $"Ask for any of: {string.Join(", ", MetricSeries.All.Select(series => series.Name))}.", "series"))];
}
