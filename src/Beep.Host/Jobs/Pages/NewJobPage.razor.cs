using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Beep.Host.Datasets;
using Beep.Host.Datasets.Http;
using Beep.Host.Hosting;
using Beep.Host.Hosting.Http;
using Beep.Host.Identity.Pages;
using Beep.Host.Identity.Privileges;
using Beep.Host.Jobs.Api;
using Beep.Host.Jobs.Planning;
using Beep.Host.Jobs.Planning.Server;
using Beep.Host.Jobs.Specs;
using Beep.Host.Models;
using Microsoft.AspNetCore.Components;

namespace Beep.Host.Jobs.Pages;

/// <summary>Makes a job: what is chosen is planned as it is chosen, and nothing is made before it is started.</summary>
public sealed partial class NewJobPage
{
    private const string HeldOutField = "validation_share";
    private const string BackendField = "backend";
    private const string PlacementPrefix = "placement.";
    private static readonly string[] Shares = ["0.05", "0.1", "0.2"];

    // Who types is not asked after every letter.
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(300);

    private readonly Dictionary<string, JsonElement> _overrides = new(StringComparer.Ordinal);
    private IReadOnlyList<ModelView> _models = [];
    private IReadOnlyList<DatasetView> _datasets = [];
    private IReadOnlyList<VersionView> _versions = [];
    private IReadOnlyList<Preset> _presets = [];
    private JsonObject _tree = [];
    private string _preset = PresetCatalog.Default;
    private string? _model;
    private string? _dataset;
    private string? _version;
    private string? _validation = "0.1";
    private PlacementChoice _place = PlacementChoice.Default;

    // What was chosen before a preset chose; null where no preset did.
    private PlacementChoice? _placeBefore;
    private string? _name;
    private string? _suffix;
    private JobPlan? _plan;
    private CancellationTokenSource? _planning;
    private bool _isPlanning;
    private bool _isStarting;

    [Inject]
    private ModelReader Models { get; set; } = default!;

    [Inject]
    private DatasetService Datasets { get; set; } = default!;

    [Inject]
    private JobDesk Desk { get; set; } = default!;

    [Inject]
    private JobAccess Access { get; set; } = default!;

    [Inject]
    private JobReader Reader { get; set; } = default!;

    [Inject]
    private PageCaller Caller { get; set; } = default!;

    [Inject]
    private NavigationManager Navigation { get; set; } = default!;

    [Inject]
    private TimeProvider Time { get; set; } = default!;

    [SupplyParameterFromQuery(Name = "model")]
    private string? WantedModel { get; set; }

    [SupplyParameterFromQuery(Name = "dataset")]
    private string? WantedDataset { get; set; }

    /// <summary>A job whose settings are taken over.</summary>
    [SupplyParameterFromQuery]
    private string? From { get; set; }

    private bool IsBlank => string.IsNullOrEmpty(_model) || string.IsNullOrEmpty(_dataset);

    private string DefaultName => _models.FirstOrDefault(model => model.Id == _model) is { } model && _datasets.FirstOrDefault(dataset => dataset.Id == _dataset) is { } dataset
        ? JobDesk.DefaultName(model.Name, dataset.Name)
        : "";

    protected override async Task LoadAsync(CancellationToken cancellationToken)
    {
        var user = await Caller.ReadAsync();
        _presets = [.. PresetCatalog.Names.Select(PresetCatalog.Get).OrderByDescending(preset => preset.Name == PresetCatalog.Default)];
        _models = (await Models.ListAsync(new ModelFilter { IsReady = true }, new PageRequest(null, PageRequest.MaxSize), user, cancellationToken)).Items;
        _datasets = [.. (await Datasets.ListAsync(new DatasetFilter(null, false), new PageRequest(null, PageRequest.MaxSize), user, cancellationToken)).Items.Where(dataset => dataset.LatestVersion > 0)];
        (_model, _dataset) = (WantedModel ?? _model ?? (_models.Count == 1 ? _models[0].Id : null), WantedDataset ?? _dataset ?? (_datasets.Count == 1 ? _datasets[0].Id : null));
        if (From is { } from)
        {
            await Access.RequireAsync(from, user, AccessLevel.Read, cancellationToken);
            Take(await Reader.ReadAsync(from, cancellationToken));
        }

        _tree = JobField.TreeOf(_preset);
        await LoadVersionsAsync(cancellationToken);
        await PlanAsync(TimeSpan.Zero);
    }

    protected override void Dispose(bool isDisposing)
    {
        base.Dispose(isDisposing);
        if (isDisposing)
        {
            _planning?.Dispose();
            _planning = null;
        }
    }

    private void Take(JobView job)
    {
        _preset = job.Preset is { } preset && PresetCatalog.Names.Contains(preset) ? preset : PresetCatalog.Default;
        (_model, _dataset, _version) = (WantedModel ?? job.Model.Id, WantedDataset ?? job.Dataset.Id, WantedDataset is null ? job.Dataset.Version.ToString(CultureInfo.InvariantCulture) : null);
        var spec = job.Spec!.ToJsonString();
        _validation = StoredSpec.ShareOf(spec) is { } share ? share.ToString(CultureInfo.InvariantCulture) : job.Validation?.Id;
        _place = new PlacementChoice(job.Backend, job.Placement);
        foreach (var (path, value) in JobField.OverridesOf(spec, _preset))
        {
            _overrides[path] = value;
        }
    }

    private async Task LoadVersionsAsync(CancellationToken cancellationToken) => _versions = string.IsNullOrEmpty(_dataset)
        ? []
        : [.. (await Datasets.ListVersionsAsync(_dataset, new PageRequest(null, PageRequest.MaxSize), await Caller.ReadAsync(), cancellationToken)).Items.Where(version => version.State == DatasetState.Ready)];

    private async Task ChooseDatasetAsync(string? id)
    {
        (_dataset, _version) = (id, null);
        await GuardAsync(() => LoadVersionsAsync(Left));
        await PlanAsync(TimeSpan.Zero);
    }

    private Task ChoosePresetAsync(string name)
    {
        (_preset, _tree) = (name, JobField.TreeOf(name));
        _place = _placeBefore ?? _place;
        _placeBefore = null;
        // A preset that needs another trainer chooses it, in the place of the one that cannot; what somebody registered may well do it.
        if (_place.Backend == PlacementChoice.Default.Backend && PresetBackend != _place.Backend)
        {
            (_placeBefore, _place) = (_place, _place with { Backend = PresetBackend });
        }

        foreach (var field in JobField.Groups.SelectMany(group => group.Fields))
        {
            Drop(field);
        }

        return PlanAsync(TimeSpan.Zero);
    }

    private Task SetAsync(Action set)
    {
        set();
        return PlanAsync(TimeSpan.Zero);
    }

    private Task ChangeAsync(JobField field, string? text)
    {
        _overrides[field.Path] = field.ReadText(text ?? "");
        Drop(field);
        return PlanAsync(Pause);
    }

    private Task ChangeAsync(JobField field, bool isOn)
    {
        _overrides[field.Path] = JsonSerializer.SerializeToElement(isOn);
        Drop(field);
        return PlanAsync(Pause);
    }

    private Task ResetAsync(JobField field)
    {
        _overrides.Remove(field.Path);
        return PlanAsync(TimeSpan.Zero);
    }

    /// <summary>What says the same as the preset is no change.</summary>
    private void Drop(JobField field)
    {
        if (_overrides.TryGetValue(field.Path, out var value) && JsonNode.DeepEquals(JsonNode.Parse(value.GetRawText()), field.ValueIn(_tree)))
        {
            _overrides.Remove(field.Path);
        }
    }

    private string TextOf(JobField field)
    {
        if (!_overrides.TryGetValue(field.Path, out var value))
        {
            return field.TextIn(_tree);
        }

        var tree = new JsonObject();
        Contracts.SpecReader.Override(tree, field.Path, value.GetRawText());
        return field.TextIn(tree);
    }

    private bool IsAtFault(JobField field) => _plan?.Problems.Any(problem => problem.IsError && problem.Field == field.Path) == true;

    private string PresetBackend => (string)_tree[BackendField]!;

    private bool Matters(JobField field) => field.Matters(TextAt("task"), TextAt("method"));

    private string TextAt(string path) => TextOf(JobField.Groups.SelectMany(group => group.Fields).First(field => field.Path == path));

    private static string FixText(PlanFix fix) => fix.Path == HeldOutField
        ? $"hold {Units.Percent(fix.Value!.GetValue<double>())} out"
        : fix.Path == BackendField ? $"what trains it to {fix.Value}"
        : $"{JobField.Groups.SelectMany(group => group.Fields).FirstOrDefault(field => field.Path == fix.Path)?.Label ?? fix.Path.Replace("placement.cluster.", "", StringComparison.Ordinal).Replace('_', ' ')} to {fix.Value?.ToString() ?? "nothing"}";

    private Task FixAsync(PlanFix fix)
    {
        if (fix.Path == HeldOutField)
        {
            _validation = fix.Value!.ToString();
        }
        else if (fix.Path == BackendField)
        {
            (_place, _placeBefore) = (_place with { Backend = fix.Value!.ToString() }, null);
        }
        else if (fix.Path.StartsWith(PlacementPrefix, StringComparison.Ordinal))
        {
            _place = _place with { Placement = _place.Placement.With(fix.Path[PlacementPrefix.Length..], fix.Value) };
        }
        else
        {
            _overrides[fix.Path] = JsonSerializer.SerializeToElement(fix.Value);
        }

        return PlanAsync(TimeSpan.Zero);
    }

    private Dictionary<string, JsonElement>? Overrides()
    {
        var overrides = new Dictionary<string, JsonElement>(_overrides, StringComparer.Ordinal);
        if (_place.Backend != PresetBackend)
        {
            overrides[BackendField] = JsonSerializer.SerializeToElement(_place.Backend);
        }

        return overrides.Count == 0 ? null : overrides;
    }

    private NewJob Wanted(bool? start = null) => new()
    {
        Name = string.IsNullOrWhiteSpace(_name) ? null : _name,
        Model = string.IsNullOrEmpty(_model) ? null : _model,
        Dataset = string.IsNullOrEmpty(_dataset) ? null : _dataset,
        DatasetVersion = int.TryParse(_version, NumberStyles.None, CultureInfo.InvariantCulture, out var version) ? version : null,
        ValidationShare = double.TryParse(_validation, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var share) && !PublicId.IsOne(_validation) ? share : null,
        ValidationDataset = PublicId.IsOne(_validation) ? _validation : null,
        Preset = _preset,
        Overrides = Overrides(),
        Placement = _place.Placement == Placing.Placement.Default ? null : _place.Placement,
        Suffix = string.IsNullOrWhiteSpace(_suffix) ? null : _suffix.Trim(),
        Start = start,
    };

    /// <summary>Plans what is chosen now; what was asked before is forgotten.</summary>
    private async Task PlanAsync(TimeSpan pause)
    {
        if (_planning is { } former)
        {
            await former.CancelAsync();
            former.Dispose();
        }

        _planning = CancellationTokenSource.CreateLinkedTokenSource(Left);
        var token = _planning.Token;
        _isPlanning = true;
        try
        {
            await Task.Delay(pause, Time, token);
            await GuardAsync(async () =>
            {
                var plan = await Desk.PlanAsync(Wanted(), await Caller.ReadAsync(), token);
                token.ThrowIfCancellationRequested();
                (_plan, _isPlanning) = (plan, false);
            }, token);
        }
        catch (OperationCanceledException)
        {
            // Something else was chosen meanwhile.
        }
    }

    private async Task GuardAsync(Func<Task> work, CancellationToken token) => await GuardAsync(async () =>
    {
        try
        {
            await work();
        }
        catch (OperationCanceledException) when (token.IsCancellationRequested)
        {
            // Something else was chosen meanwhile.
        }
    });

    private async Task CreateAsync(bool start)
    {
        _isStarting = true;
        var isMade = await GuardAsync(async () =>
        {
            var (job, _) = await Desk.CreateAsync(Wanted(start), null, await Caller.ReadAsync(), (await Caller.ToGrantorAsync()).Actor, Left);
            Navigation.NavigateTo(start ? $"/jobs/{job.Id}" : "/jobs");
        });
        _isStarting = isMade;
    }
}
