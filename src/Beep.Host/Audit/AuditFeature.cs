namespace Beep.Host.Audit;

/// <summary>The audit log in the server.</summary>
internal static class AuditFeature
{
    public static IServiceCollection AddAudit(this IServiceCollection services, AuditTrail trail)
    {
        services.AddSingleton(trail.Database).AddSingleton(trail.Key).AddSingleton(trail.Checkpoints).AddSingleton(trail.CheckpointFile).AddSingleton(trail.Writer);
        services.AddSingleton<AuditReader>();
        services.AddSingleton<AuditVerifier>();
        services.AddHostedService<AuditCheckpointTimer>();
        return services;
    }
}
