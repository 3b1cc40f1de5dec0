namespace Beep.Host.Quotas;

/// <summary>How much of the fine-tuning area somebody may use.</summary>
internal static class QuotaFeature
{
    public static IServiceCollection AddQuotas(this IServiceCollection services) => services.AddSingleton<QuotaReader>().AddSingleton<UsageReader>().AddSingleton<QuotaService>();
}
