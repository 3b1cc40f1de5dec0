using Beep.Host.Datasets.Checking;
using Beep.Host.Datasets.Http;
using Beep.Host.Datasets.Pages;
using Beep.Host.Datasets.Reading;
using Beep.Host.Datasets.Tus;
using Beep.Host.Datasets.Uploading;
using Beep.Host.Quotas;
using Beep.Host.Shell.Layout;
using Beep.Host.Tasks;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace Beep.Host.Datasets;

/// <summary>Datasets: how they come in, what is known of them, and who may see them.</summary>
internal static class DatasetFeature
{
    /// <summary>Needs the fine-tuning tables, the quotas and the tasks beside it, and from the jobs what uses datasets.</summary>
    public static IServiceCollection AddDatasets(this IServiceCollection services)
    {
        services.TryAddSingleton(new DatasetOptions());
        services.AddSingleton<DatasetAccess>().AddSingleton<DatasetReader>().AddSingleton<DatasetStore>().AddSingleton<DatasetService>();
        services.AddSingleton<UploadGate>().AddSingleton<UploadDesk>().AddSingleton<SourceIntake>().AddSingleton<MultipartUpload>().AddSingleton<ImportService>();
        services.AddSingleton<TusStore>().AddSingleton<TusService>();
        services.AddSingleton<RowModels>().AddSingleton<RowSearch>().AddSingleton<DatasetLengths>();
        services.AddSingleton<IUsageSource, DatasetUsage>();
        services.AddSingleton<ISearchSource, DatasetSearch>();
        return services.AddTaskHandler<ValidateDataset>().AddTaskHandler<SplitDataset>().AddTaskHandler<CleanUpDatasets>();
    }

    public static void MapDatasetArea(this IEndpointRouteBuilder routes)
    {
        routes.MapDatasets();
        routes.MapUploads();
    }
}
