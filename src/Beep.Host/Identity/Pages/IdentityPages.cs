using Beep.Host.Shell.Layout;

namespace Beep.Host.Identity.Pages;

/// <summary>What the pages of users and accounts need.</summary>
internal static class IdentityPages
{
    public static IServiceCollection AddIdentityPages(this IServiceCollection services) => services.AddScoped<PageCaller>().AddSingleton<ISearchSource, UserSearch>();
}
