using Beep.Host.Hosting;
using Beep.Host.Hosting.Gpus;
using Beep.Host.Hosting.Live;
using Beep.Host.Shell;
using Beep.Host.Shell.Layout;
using Beep.Host.Tasks.Handlers;
using Beep.Host.Tasks.Pages;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace Beep.Host.Tasks;

/// <summary>The background work of the host: its queue, what runs it, and its surface.</summary>
internal static class TaskFeature
{
    /// <summary>Everything of it; a <see cref="TaskOptions"/> that is registered before is kept.</summary>
    public static IServiceCollection AddTasks(this IServiceCollection services)
    {
        services.AddTaskCore();
        services.AddTaskHandler<VerifyAudit>();
        services.AddTaskHandler<CleanUpTasks>();
        services.AddSingleton<ILiveTopic, TasksTopic>();
        services.AddSingleton<ILiveTopic, TaskTopic>();
        services.AddSingleton(new TopBarItem(typeof(RunningTasksButton)));
        services.AddSingleton(new OverviewCard(typeof(QueueCard), 20));
        return services;
    }

    /// <summary>The queue and what runs it, without any handler.</summary>
    public static IServiceCollection AddTaskCore(this IServiceCollection services)
    {
        services.TryAddSingleton(new TaskOptions());
        services.TryAddSingleton<ServerRestart>();
        services.TryAddSingleton<GpuMonitor>();
        services.AddSingleton<TaskMeters>();
        services.AddSingleton<TaskSignals>();
        services.AddSingleton<TaskStore>();
        services.AddSingleton<TaskReader>();
        services.AddSingleton<TaskHandlers>();
        services.AddSingleton<TaskQueue>();
        services.AddSingleton<TaskFeed>();
        services.AddSingleton<TaskAccess>();
        services.AddSingleton<LostTasks>();
        services.AddSingleton<TaskSchedule>();
        services.AddHostedService<TaskRunner>();
        return services;
    }

    /// <summary>Adds what does one kind of task.</summary>
    public static IServiceCollection AddTaskHandler<THandler>(this IServiceCollection services) where THandler : class, ITaskHandler =>
        services.AddSingleton<ITaskHandler, THandler>();

    public static void MapTasks(this IEndpointRouteBuilder routes) => TaskEndpoints.Map(routes);
}
