using Beep.Host.Datasets;
using Beep.Host.Hosting;

namespace Beep.Host.Jobs.Planning.Server.Rules;

/// <summary>The datasets must be named, be there, and have been found to be good.</summary>
internal sealed class RequireReadyDataset : IJobRule
{
    public IEnumerable<PlanProblem> Check(JobFacts facts) =>
        new[] { Check(facts.Sources.Train, "dataset"), facts.Sources.Validation is { } validation ? Check(validation, "validation_dataset") : null }.OfType<PlanProblem>();

    private static PlanProblem? Check(DatasetSource source, string field) => source.State switch
    {
        SourceState.NotNamed => PlanProblem.Error("missing", $"'{field}' is missing.", "Name a dataset by its id.", field),
        SourceState.Malformed => PlanProblem.Error("bad_dataset", $"'{source.Given}' is no id of a dataset.", "Name a dataset by its id, 16 hexadecimal digits.", field),
        SourceState.NotFound when source.Dataset is { } dataset => PlanProblem.Error("dataset_version_not_found", $"The dataset '{dataset.Name}' has no version of that number.", $"Name a version from 1 to {dataset.LatestVersion}.", field),
        SourceState.NotFound => PlanProblem.Error("dataset_not_found", $"There is no dataset '{source.Given}', or it is somebody else's.", "Look it up in the list of datasets.", field),
        SourceState.Deleted => PlanProblem.Error("dataset_deleted", $"The dataset '{source.Dataset!.Name}' was deleted.", "Choose another one.", field),
        SourceState.NotReady => NotReady(source, field),
        _ => null,
    };

    private static PlanProblem NotReady(DatasetSource source, string field) => source.Version?.State switch
    {
        null => PlanProblem.Error("dataset_not_ready", $"The dataset '{source.Dataset!.Name}' has no rows yet.", "Upload a file.", field),
        DatasetState.Checking => PlanProblem.Error("dataset_not_ready", $"'{source.Title}' is still being checked.", "Wait until its task has ended.", field),
        DatasetState.Invalid => PlanProblem.Error("dataset_invalid", $"'{source.Title}' has {Units.Count(source.Version.Errors ?? 1, "error")}.", "Correct them as its report says, and upload a new version.", field),
        DatasetState.Failed => PlanProblem.Error("dataset_not_ready", $"'{source.Title}' could not be checked.", "Check it again, or upload it again.", field),
        _ => PlanProblem.Error("dataset_files_gone", $"The file of '{source.Title}' is not where it was.", "Upload it again.", field),
    };
}
