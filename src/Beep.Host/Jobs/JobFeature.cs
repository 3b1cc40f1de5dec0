using Beep.Host.Jobs.Training;
using Beep.Host.Tasks;

namespace Beep.Host.Jobs;

/// <summary>Fine-tunes as work of the host. Only the program itself starts one so far.</summary>
internal static class JobFeature
{
    /// <param name="services">Where to.</param>
    /// <param name="locateTrainer">Where the worker program is; asked when one is started.</param>
    public static IServiceCollection AddJobs(this IServiceCollection services, Func<TrainerProgram> locateTrainer) =>
        services.AddSingleton(locateTrainer).AddTaskHandler<TrainHandler>();
}
