using Beep.Host.Hosting.Settings;

namespace Beep.Host.Jobs.Executors.Slurm;

/// <summary>The cluster as a place to run jobs, where it is switched on.</summary>
internal static class SlurmFeature
{
    public static IServiceCollection AddSlurm(this IServiceCollection services, SlurmOptions options) => !options.IsOn ? services : services
        .AddSingleton(options)
        .AddSingleton<SlurmCommands>()
        .AddSingleton<SlurmWatch>()
        .AddSingleton<SlurmCluster>()
        .AddSingleton<ClusterRules>()
        .AddSingleton<IExecutor, SlurmExecutor>();
}
