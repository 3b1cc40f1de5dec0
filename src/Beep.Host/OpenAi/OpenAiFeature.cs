using Beep.Host.OpenAi.Catalogue;
using Beep.Host.OpenAi.Files;
using Beep.Host.OpenAi.FineTuning;

namespace Beep.Host.OpenAi;

/// <summary>A second skin over datasets, jobs and models, for programs that speak to OpenAI.</summary>
internal static class OpenAiFeature
{
    /// <summary>Needs the datasets, the jobs, their runs and the models beside it.</summary>
    public static IServiceCollection AddOpenAi(this IServiceCollection services) => services
        .AddSingleton<FileCatalogue>()
        .AddSingleton<FileForm>()
        .AddSingleton<TunedModels>()
        .AddSingleton<PauseMarks>()
        .AddSingleton<TuningPlanner>()
        .AddSingleton<TuningDescriber>()
        .AddSingleton<TuningControl>()
        .AddSingleton<TuningList>()
        .AddSingleton<TuningEvents>()
        .AddSingleton<TuningCheckpoints>();

    public static void MapOpenAi(this IEndpointRouteBuilder routes)
    {
        var root = routes.MapGroup("/v1").WithTags("openai");
        OpenAiFileEndpoints.Map(root);
        TuningEndpoints.Map(root);
        OpenAiModelEndpoints.Map(root);
    }
}
