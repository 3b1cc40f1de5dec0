using System.Security.Claims;
using Beep.Host.Hosting.Access;
using Beep.Host.Hosting.Settings;
using MudBlazor;

namespace Beep.Host.Shell.Layout;

/// <summary>A page that the rail and the search lead to.</summary>
/// <param name="Group">Under which heading.</param>
/// <param name="Title">As it is read.</param>
/// <param name="Href">Where it is.</param>
/// <param name="Icon">A path of an icon.</param>
/// <param name="Permission">Who sees it; null for everybody who is signed in.</param>
/// <param name="IsOn">Whether the settings have it.</param>
internal sealed record NavItem(string Group, string Title, string Href, string Icon, string? Permission = null, Func<HostOptions, bool>? IsOn = null)
{
    private const string Train = "Train";
    private const string Machine = "Machine";
    private const string Organisation = "Organisation";

    /// <summary>Every page, in order.</summary>
    public static readonly IReadOnlyList<NavItem> All =
    [
        new(Train, "Overview", "/", Icons.Material.Outlined.SpaceDashboard),
        new(Train, "New job", "/jobs/new", Icons.Material.Outlined.AddCircleOutline, Permissions.FinetuneManage, options => options.EnableFinetune),
        new(Train, "Jobs", "/jobs", Icons.Material.Outlined.ModelTraining, Permissions.FinetuneRead, options => options.EnableFinetune),
        new(Train, "Datasets", "/datasets", Icons.Material.Outlined.Dataset, Permissions.FinetuneRead, options => options.EnableFinetune),
        new(Train, "Models", "/models", Icons.Material.Outlined.Memory, Permissions.ModelsView),
        new(Machine, "Backends", "/backends", Icons.Material.Outlined.Extension, Permissions.SystemAdmin, options => options.EnableFinetune),
        new(Machine, "Tasks", "/tasks", Icons.Material.Outlined.ChecklistRtl),
        new(Machine, "Environments", "/environments", Icons.Material.Outlined.Terminal, Permissions.EnvironmentsManage),
        new(Organisation, "Users", "/users", Icons.Material.Outlined.Person, Permissions.UsersManage, options => options.EnableInternalUsers),
        new(Organisation, "Roles", "/roles", Icons.Material.Outlined.Badge, Permissions.UsersManage, options => options.EnableInternalUsers),
        new(Organisation, "Groups", "/groups", Icons.Material.Outlined.Groups, Permissions.GroupsManage, options => options.EnableInternalUsers),
        new(Organisation, "Tokens", "/tokens", Icons.Material.Outlined.Key),
        new(Organisation, "Sessions", "/sessions", Icons.Material.Outlined.Devices),
        new(Organisation, "Audit", "/audit", Icons.Material.Outlined.FactCheck, Permissions.AuditRead),
        new(Organisation, "Claims", "/settings/claims", Icons.Material.Outlined.ManageAccounts, Permissions.SystemAdmin, options => options.EnableIdentityServer),
        new(Organisation, "Settings", "/settings", Icons.Material.Outlined.Settings, Permissions.SystemAdmin),
    ];

    /// <summary>The pages that somebody may open and that the settings have.</summary>
    public static IReadOnlyList<NavItem> VisibleTo(ClaimsPrincipal user, HostOptions options) =>
        user.FindUserId() is null ? [] : [.. All.Where(item => (item.Permission is null || user.Holds(item.Permission)) && item.IsOn?.Invoke(options) != false)];
}
