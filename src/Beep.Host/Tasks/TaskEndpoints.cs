using System.Diagnostics;
using System.Security.Claims;
using System.Text.Json.Serialization;
using Beep.Host.Audit;
using Beep.Host.Hosting;
using Beep.Host.Hosting.Access;
using Beep.Host.Hosting.Http;
using Beep.Host.Hosting.Live;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Beep.Host.Tasks;

/// <summary><c>/api/v1/tasks</c>.</summary>
internal static class TaskEndpoints
{
    private const string All = "all";
    private const string Mine = "me";

    public static void Map(IEndpointRouteBuilder routes)
    {
        var tasks = routes.MapGroup("/api/v1/tasks").WithTags("tasks").RequireSignedIn();
        tasks.MapGet("/", ListAsync).WithName("ListTasks").WithSummary("Your tasks, newest first; everybody's with owner=all for who holds system:admin.");
        tasks.MapPost("/", StartAsync).WithName("StartTask").WithSummary("Starts a task of a kind that people may start, such as audit.verify.");
        tasks.MapGet("/{id}", GetAsync).WithName("GetTask").WithSummary("One task.");
        tasks.MapPost("/{id}/cancel", CancelAsync).WithName("CancelTask").WithSummary("Stops a task with every process of it; asking twice is the same as once.");
        tasks.MapGet("/{id}/log", ReadLogAsync).WithName("ReadTaskLog").WithSummary("Lines of a task's log, oldest first.");
        tasks.MapGet("/{id}/stream", StreamAsync).WithName("StreamTask").WithSummary("What happens to a task, as server-sent events; Last-Event-ID goes on where a connection broke.");
    }

    private static async Task<Ok<Page<TaskView>>> ListAsync([AsParameters] PageRequest page, string? status, string? kind, string? owner, ClaimsPrincipal user, TaskReader reader, CancellationToken cancellationToken)
    {
        var filter = new TaskFilter { OwnerId = OwnerOf(owner, user), Status = StatusOf(status), Kind = kind };
        var rows = await reader.ListAsync(filter, page.After, page.Size + 1, cancellationToken);
        var cut = page.Cut(rows, row => row.Seq);
        return TypedResults.Ok(new Page<TaskView>([.. cut.Items.Select(TaskView.Of)], cut.Next));
    }

    private static async Task<Created<TaskView>> StartAsync(StartTaskRequest request, HttpContext http, TaskQueue queue, TaskHandlers handlers, CancellationToken cancellationToken)
    {
        if (handlers.Find(request.Kind)?.Start is not { } start)
        {
            throw HttpFaultException.Invalid("unknown_kind", $"No kind of task that people may start is called '{request.Kind}'.", $"Start one of: {string.Join(", ", handlers.Kinds.Where(kind => handlers.Find(kind)!.Start is not null).Order(StringComparer.Ordinal))}.", "kind");
        }

        if (!http.User.Holds(start.Permission))
        {
            throw HttpFaultException.Forbidden("forbidden", $"Starting '{request.Kind}' needs the permission {start.Permission}.", "Ask who administers the server for a role that holds it.");
        }

        var task = await queue.EnqueueAsync(
            new NewTask(request.Kind, start.Name) { OwnerId = http.User.RequireUserId(), CorrelationId = Activity.Current?.TraceId.ToString() ?? http.TraceIdentifier },
            AuditActors.Of(http),
            cancellationToken);
        return TypedResults.Created($"/api/v1/tasks/{task.Id}", task);
    }

    private static async Task<Ok<TaskView>> GetAsync(string id, ClaimsPrincipal user, TaskAccess access, CancellationToken cancellationToken) =>
        TypedResults.Ok(TaskView.Of(await access.RequireAsync(id, user, cancellationToken)));

    private static async Task<Accepted<TaskView>> CancelAsync(string id, HttpContext http, TaskAccess access, TaskQueue queue, CancellationToken cancellationToken)
    {
        var task = await access.RequireAsync(id, http.User, cancellationToken);
        if (await queue.CancelAsync(task, AuditActors.Of(http), cancellationToken) is null or CancelAnswer.Finished)
        {
            throw HttpFaultException.Conflict("task_finished", $"The task '{id}' has ended.", "There is nothing left to cancel.");
        }

        return TypedResults.Accepted($"/api/v1/tasks/{id}", TaskView.Of(await access.RequireAsync(id, http.User, cancellationToken)));
    }

    /// <summary>While the task runs there is always a next page: ask again with it for what is written meanwhile.</summary>
    private static async Task<Ok<Page<string>>> ReadLogAsync(string id, [AsParameters] PageRequest page, ClaimsPrincipal user, TaskAccess access, HostPaths paths, CancellationToken cancellationToken)
    {
        var task = await access.RequireAsync(id, user, cancellationToken);
        var isComplete = task.Status.IsEnd();
        var (lines, next) = await TaskLog.ReadAsync(TaskLog.PathOf(paths, task.Id), page.After ?? 0, page.Size, isComplete, cancellationToken);
        return TypedResults.Ok(new Page<string>(lines, isComplete && lines.Count < page.Size ? null : PageRequest.CursorOf(next)));
    }

    private static async Task<IResult> StreamAsync(string id, HttpContext http, TaskAccess access, TaskFeed feed, CancellationToken cancellationToken)
    {
        var task = await access.RequireAsync(id, http.User, cancellationToken);
        return new EventStream(await feed.WatchTaskAsync(task, EventStream.LastSeq(http.Request), cancellationToken));
    }

    private static long? OwnerOf(string? owner, ClaimsPrincipal user) => owner switch
    {
        null or Mine => user.RequireUserId(),
        All when TaskAccess.SeesAll(user) => null,
        All => throw HttpFaultException.Forbidden("forbidden", $"Everybody's tasks need the permission {Permissions.SystemAdmin}.", "Leave owner out for your own."),
        _ => throw HttpFaultException.Invalid("bad_owner", $"owner is '{owner}'.", $"Say {Mine} or {All}.", "owner"),
    };

    private static TaskState? StatusOf(string? status) => status is null
        ? null
        : TaskStates.Read(status) ?? throw HttpFaultException.Invalid("bad_status", $"status is '{status}'.", $"Say one of: {string.Join(", ", Enum.GetValues<TaskState>().Select(state => state.Word()))}.", "status");
}

/// <summary>Which task is wanted.</summary>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
internal sealed record StartTaskRequest(string Kind);
