using System.Text.Json;
using System.Text.Json.Nodes;
using Beep.Host.Audit;
using Beep.Host.Hosting;
using Beep.Host.Hosting.Access;
using Beep.Host.Hosting.Live;
using Beep.Host.Identity.Privileges;
using Beep.Host.Jobs.Api;
using Beep.Host.Jobs.Runs.Events;
using Beep.Host.Jobs.Runs.Metrics;
using Beep.Host.Jobs.Stored;
using Microsoft.AspNetCore.Components;
using MudBlazor;

namespace Beep.Host.Jobs.Runs.Pages;

/// <summary>A run as it goes: what is known when the page opens, and then every event as it comes, drawn a few times a second.</summary>
public sealed partial class RunPage
{
    private const int OpeningPoints = 1200;
    private const int ZoomPoints = 1500;
    // More are thinned again: the browser draws no more than it can show.
    private const int MostDrawn = 12_000;
    private const int MostNotable = 300;
    private const int LooksWhenOver = 50;
    private const int LooksWhenWaiting = 15;
    private static readonly TimeSpan DrawEvery = TimeSpan.FromMilliseconds(200);
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    private RunBoard _board = new();
    private Job? _job;
    private JobView? _view;
    private RunChart? _loss;
    private RunChart? _rate;
    private RunChart? _norm;
    private RunChart? _speed;
    private RunChart? _memory;
    private MetricsView? _metrics;
    private bool _mayManage;
    private RunCursor _place;
    private CancellationTokenSource? _watch;
    private string? _watched;
    private bool _isFollowing;
    private bool _isDrawing;
    private bool _hasNews;
    private bool _isStale;
    private bool _isDrawn;
    private bool _isZoomed;
    private int _revision;

    [Parameter]
    public string Id { get; set; } = "";

    private int Percent => _job?.State == JobState.Succeeded ? 100 : _board.TotalSteps > 0 ? (int)Math.Clamp(100.0 * _board.Step / _board.TotalSteps, 0, 100) : 0;

    private string CompareHref => _view?.ParentId is { } parent ? $"/jobs/compare?ids={Id},{parent}" : $"/jobs/compare?ids={Id}";

    private string? ModelHash => (_view?.Plan?["model"] as JsonObject)?["sha256"]?.ToString();

    protected override async Task LoadAsync(CancellationToken cancellationToken)
    {
        var user = (await Authentication.GetAuthenticationStateAsync()).User;
        _job = await Access.RequireAsync(Id, user, AccessLevel.Read, cancellationToken);
        _mayManage = user.Holds(Permissions.FinetuneManage) && await Access.FindAsync(Id, user, AccessLevel.Write, cancellationToken) is not null;
        _view = await Reader.ReadAsync(Id, cancellationToken);
        _metrics = await Metrics.ReadAsync(Id, new MetricsRequest(MetricSeries.All, OpeningPoints), cancellationToken);
        _board = new RunBoard();
        _board.Begin(await Metrics.NotableAsync(Id, MostNotable, cancellationToken));
        _board.Begin(Metrics.Last(Id));
        _isDrawn = false;
        // The same page may turn to another job, by a link or by cloning this one.
        if (_watched != Id)
        {
            await (_watch?.CancelAsync() ?? Task.CompletedTask);
            _watch?.Dispose();
            _watch = CancellationTokenSource.CreateLinkedTokenSource(Left);
            (_watched, _place) = (Id, new RunCursor(_metrics.Seq, 0));
            _ = FollowAsync(_job, _watch.Token);
        }

        if (!_isDrawing)
        {
            _isDrawing = true;
            _ = DrawAsync();
        }
    }

    protected override void Dispose(bool isDisposing)
    {
        base.Dispose(isDisposing);
        if (isDisposing)
        {
            _watch?.Dispose();
            _watch = null;
        }
    }

    protected override async Task OnAfterRenderAsync(bool firstRender)
    {
        if (!_isDrawn && _loss is not null && _metrics is { } metrics)
        {
            _isDrawn = true;
            await SetAsync(metrics);
        }
    }

    private static string Pretty(JsonNode spec) => spec.ToJsonString(Indented);

    private static string WaitingFor(Job job) => job.State switch
    {
        JobState.Queued => "Waits for its turn in the queue.",
        JobState.Draft => "Waits for its start.",
        _ when job.State.IsEnd() => "It ended before its first step.",
        _ => "Waits for the first step.",
    };

    private string TimeText(Job job) => job.State.IsEnd()
        ? job.StartedAt is { } began && job.FinishedAt is { } ended ? Units.Duration((ended - began).TotalSeconds) : "–"
        : _board.EtaSeconds is { } eta ? Units.Duration(eta) : "–";

    private Task<bool> FollowAsync(Job job, CancellationToken cancellationToken) => GuardAsync(async () =>
    {
        _isFollowing = true;
        try
        {
            await foreach (var happened in Feed.WatchAsync(job, _place, cancellationToken))
            {
                (_hasNews, _place) = (true, RunCursor.Of(happened.Seq));
                _isStale |= happened.Type == RunState.Type;
                if (_board.Add(happened))
                {
                    // The steps after the one that it goes on from are done again.
                    _metrics = await Metrics.ReadAsync(job.Id, new MetricsRequest(MetricSeries.All, OpeningPoints), cancellationToken);
                    await SetAsync(_metrics);
                }
                else if (_place.Seq > _metrics!.Seq)
                {
                    Append(happened);
                }
            }

            (_isFollowing, _isStale, _hasNews) = (false, true, true);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // The page is left, or shows another job.
        }
    });

    private void Append(LiveEvent happened)
    {
        if (RunBoard.Whole(happened.Data, "step") is not { } step)
        {
            return;
        }

        if (happened.Type == "evaluation")
        {
            _loss?.Append(MetricSeries.EvaluationLoss, step, RunBoard.Number(happened.Data, "loss"));
        }
        else if (happened.Type == "metric")
        {
            _loss?.Append(MetricSeries.Loss, step, RunBoard.Number(happened.Data, "loss"));
            _rate?.Append("learning_rate", step, RunBoard.Number(happened.Data, "learning_rate"));
            _norm?.Append("grad_norm", step, RunBoard.Number(happened.Data, "grad_norm"));
            _speed?.Append("tokens_per_second", step, RunBoard.Number(happened.Data, "tokens_per_second"));
            _memory?.Append("memory_bytes", step, RunBoard.Number(happened.Data, "memory_bytes"));
        }
    }

    /// <summary>However many events come, the page is drawn a few times a second.</summary>
    private Task<bool> DrawAsync() => GuardAsync(async () =>
    {
        using var timer = new PeriodicTimer(DrawEvery, Time);
        var quiet = 0;
        while (await timer.WaitForNextTickAsync(Left))
        {
            // One that has ended may be resumed by somebody else.
            // One that waits on a cluster says why, and that is no event.
            if ((!_isFollowing && ++quiet % LooksWhenOver == 0) || (_view?.Cluster?.Waiting is not null && ++quiet % LooksWhenWaiting == 0))
            {
                _isStale = _hasNews = true;
            }

            if (!_hasNews)
            {
                continue;
            }

            _hasNews = false;
            if (_isStale)
            {
                _isStale = false;
                await ReadJobAsync();
            }

            if (_loss?.Points > MostDrawn && !_isZoomed)
            {
                _metrics = await Metrics.ReadAsync(Id, new MetricsRequest(MetricSeries.All, OpeningPoints), Left);
                await SetAsync(_metrics);
            }

            foreach (var chart in _isZoomed ? [_rate, _norm, _speed, _memory] : new[] { _loss, _rate, _norm, _speed, _memory })
            {
                await (chart?.FlushAsync() ?? Task.CompletedTask);
            }

            StateHasChanged();
        }
    });

    private async Task ReadJobAsync()
    {
        var user = (await Authentication.GetAuthenticationStateAsync()).User;
        _job = await Access.RequireAsync(Id, user, AccessLevel.Read, Left);
        _view = await Reader.ReadAsync(Id, Left);
        _revision++;
        // What was followed to its end is followed again where it goes on.
        if (!_isFollowing && !_job.State.IsEnd())
        {
            _ = FollowAsync(_job, _watch!.Token);
        }
    }

    private async Task SetAsync(MetricsView metrics)
    {
        _isZoomed = false;
        foreach (var (chart, names) in new (RunChart?, string[])[]
        {
            (_loss, [MetricSeries.Loss, MetricSeries.EvaluationLoss]), (_rate, ["learning_rate"]), (_norm, ["grad_norm"]), (_speed, ["tokens_per_second"]), (_memory, ["memory_bytes"]),
        })
        {
            if (chart is not null)
            {
                await chart.SetAsync(metrics.Series.Where(series => names.Contains(series.Name)).Select(ChartSeries.Of));
            }
        }
    }

    /// <summary>A part of the steps is read again with as many points as fit; all of them are as they were.</summary>
    private async Task ZoomAsync((int? From, int? To) range)
    {
        _isZoomed = range.From is not null;
        await GuardAsync(async () =>
        {
            var wanted = MetricSeries.All.Where(series => series.Name is MetricSeries.Loss or MetricSeries.EvaluationLoss).ToList();
            var part = await Metrics.ReadAsync(Id, new MetricsRequest(wanted, ZoomPoints, range.From, range.To), Left);
            if (_isZoomed)
            {
                await _loss!.ShowAsync(part.Series.Select(ChartSeries.Of));
            }
            else
            {
                await _loss!.SetAsync(part.Series.Select(ChartSeries.Of));
            }
        });
    }

    private async Task CancelAsync()
    {
        if (await Dialogs.ShowMessageBoxAsync($"Cancel {_view!.Name}?", "It finishes its step and saves a checkpoint. Resume goes on from there.", yesText: "Cancel the job", cancelText: "Let it run") == true)
        {
            await DoAsync(Desk.CancelAsync);
        }
    }

    private Task<bool> DoAsync(Func<string, System.Security.Claims.ClaimsPrincipal, AuditActor, CancellationToken, Task<Job>> act) => GuardAsync(async () =>
    {
        var user = (await Authentication.GetAuthenticationStateAsync()).User;
        await act(Id, user, AuditActors.Of(user, null), Left);
        await ReadJobAsync();
    });

    private Task<bool> OpenAsync(Func<string, System.Security.Claims.ClaimsPrincipal, AuditActor, CancellationToken, Task<Job>> make) => GuardAsync(async () =>
    {
        var user = (await Authentication.GetAuthenticationStateAsync()).User;
        var made = await make(Id, user, AuditActors.Of(user, null), Left);
        Navigation.NavigateTo($"/jobs/{made.Id}");
    });
}
