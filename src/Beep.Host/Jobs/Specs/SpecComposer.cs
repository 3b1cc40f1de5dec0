using System.Text.Json.Nodes;
using Beep.Contracts;

namespace Beep.Host.Jobs.Specs;

/// <summary>Composes a spec: defaults, then the preset, the spec file, the options, and single settings, each over the one before.</summary>
internal static class SpecComposer
{
    /// <summary>Composes and checks a spec, with absolute paths.</summary>
    /// <param name="sources">What the user named.</param>
    /// <param name="jobId">The job's name where no source gives one.</param>
    /// <exception cref="FaultException">Every fault of every source.</exception>
    public static JobSpec Compose(SpecSources sources, string jobId)
    {
        var faults = new List<Fault>();
        var tree = SpecWriter.ToTree(new JobSpec { JobId = jobId });
        Collect(faults, () => Lay(tree, PresetCatalog.Get(sources.Preset ?? PresetCatalog.Default).Tree));
        if (sources.SpecFile is not null)
        {
            Collect(faults, () => Lay(tree, SpecReader.Load(sources.SpecFile)));
        }

        ApplyOption(tree, "model.path", sources.Model);
        ApplyOption(tree, "data.train", sources.Data);
        ApplyOption(tree, "data.validation", sources.Validation);
        ApplyOption(tree, "backend", sources.Backend);
        foreach (var setting in sources.Settings)
        {
            ApplySetting(tree, setting, faults);
        }

        var spec = SpecReader.Bind(tree, ignoreUnknown: false, out var bindFaults);
        faults.AddRange(bindFaults);
        // A field that did not bind has its default again, which must not be reported a second time.
        var unbound = bindFaults.Select(fault => fault.Where).ToHashSet();
        faults.AddRange(SpecValidator.Validate(spec).Where(fault => !unbound.Contains(fault.Where)));
        return faults.Count == 0 ? MakeAbsolute(spec) : throw new FaultException(WorkerExitCode.Invalid, faults);
    }

    private static void Lay(JsonObject tree, JsonObject over) => SpecReader.Merge(tree, over);

    /// <summary>Text, whatever it looks like: a folder may be called <c>true</c> or <c>1</c>.</summary>
    private static void ApplyOption(JsonObject tree, string path, string? value)
    {
        if (value is not null)
        {
            SpecReader.Override(tree, path, JsonValue.Create(value).ToJsonString());
        }
    }

    private static void ApplySetting(JsonObject tree, string setting, List<Fault> faults)
    {
        var equals = setting.IndexOf('=', StringComparison.Ordinal);
        if (equals <= 0)
        {
            faults.Add(new("bad_setting", $"'{setting}' is no setting.", "Write KEY=VALUE, as in --set train.max_steps=20.", "--set"));
            return;
        }

        SpecReader.Override(tree, setting[..equals].Trim(), setting[(equals + 1)..]);
    }

    private static JobSpec MakeAbsolute(JobSpec spec) => spec with
    {
        Model = spec.Model with { Path = Path.GetFullPath(spec.Model.Path) },
        Adapter = spec.Adapter is { } adapter ? Path.GetFullPath(adapter) : null,
        Data = spec.Data with
        {
            Train = Path.GetFullPath(spec.Data.Train),
            Validation = spec.Data.Validation is { } validation ? Path.GetFullPath(validation) : null,
        },
    };

    private static void Collect(List<Fault> faults, Action action)
    {
        try
        {
            action();
        }
        catch (FaultException error)
        {
            faults.AddRange(error.Faults);
        }
    }
}
