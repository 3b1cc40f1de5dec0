using Beep.Host.Datasets;
using Beep.Host.Environments;
using Beep.Host.Jobs.Api;
using Beep.Host.Jobs.Artifacts;
using Beep.Host.Jobs.Backends;
using Beep.Host.Jobs.Executors;
using Beep.Host.Jobs.Lifecycle;
using Beep.Host.Jobs.Pages;
using Beep.Host.Jobs.Placing;
using Beep.Host.Jobs.Planning.Server;
using Beep.Host.Jobs.Queueing;
using Beep.Host.Jobs.Retention;
using Beep.Host.Jobs.Training;
using Beep.Host.Jobs.Uses;
using Beep.Host.Models;
using Beep.Host.Quotas;
using Beep.Host.Shell;
using Beep.Host.Shell.Layout;
using Beep.Host.Tasks;

namespace Beep.Host.Jobs;

/// <summary>Fine-tunes as work of the host.</summary>
internal static class JobFeature
{
    /// <summary>What trains a job folder, for the program itself; there whether or not fine-tuning has tables.</summary>
    /// <param name="services">Where to.</param>
    /// <param name="locateTrainer">Where the worker program is; asked when one is started.</param>
    public static IServiceCollection AddTraining(this IServiceCollection services, Func<TrainerProgram> locateTrainer) =>
        services.AddSingleton(locateTrainer).AddSingleton<IWorkerBackend, ShippedTrainer>().AddSingleton<IExecutor, ChildExecutor>().AddTaskHandler<TrainHandler>();

    /// <summary>Jobs with their states, their queue and their surface.</summary>
    public static IServiceCollection AddJobs(this IServiceCollection services)
    {
        services.AddSingleton<JobAccess>();
        services.AddSingleton<IDatasetUses, JobUses>().AddSingleton<IModelFolders, ModelFolders>().AddSingleton<IUsageSource, JobUsage>().AddSingleton<IModelUse, JobModelUses>();
        services.AddSingleton<ArtifactStore>();
        services.AddSingleton<ArtifactRecords>();
        services.AddSingleton<ModelCards>();
        services.AddSingleton<JobSignals>();
        services.AddSingleton<JobSlots>();
        services.AddSingleton<JobQueue>();
        services.AddSingleton<JobService>();
        services.AddSingleton<JobSourceReader>();
        services.AddSingleton<RowSample>();
        services.AddSingleton<BackendService>().AddSingleton<IWorkerBackend, CustomWorkers>().AddSingleton<IWorkerBackend, TransformersWorkers>().AddSingleton<IEnvironmentUse, JobEnvironmentUses>();
        services.AddSingleton<PlacementReader>().AddSingleton<PlanDevices>().AddSingleton<RunHistoryReader>();
        services.AddSingleton<JobPlanner>();
        services.AddSingleton<JobDesk>();
        services.AddSingleton<JobReader>();
        services.AddSingleton<CleanUpFinder>();
        services.AddSingleton<CleanUp>();
        services.AddTaskHandler<CleanUpHandler>();
        services.AddSingleton<JobWatch>();
        services.AddSingleton<ISearchSource, JobSearch>();
        services.AddSingleton(new OverviewCard(typeof(JobsCard), 5));
        services.AddHostedService<JobScheduler>();
        return services;
    }

    public static void MapJobs(this IEndpointRouteBuilder routes)
    {
        JobEndpoints.Map(routes);
        BackendEndpoints.Map(routes);
    }
}
