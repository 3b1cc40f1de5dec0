using Beep.Host.Hosting.Access;

namespace Beep.Host.Identity.Roles;

/// <summary>The roles that come with the product; nobody edits or deletes them.</summary>
internal static class SystemRoles
{
    public const string Admin = "Admin";
    public const string PowerUser = "Power User";
    public const string User = "User";
    public const string Guest = "Guest";

    private static readonly string[] NotForPowerUsers =
        [Permissions.ModelsDelete, Permissions.SystemAdmin, Permissions.UsersManage, Permissions.GroupsManage, Permissions.AuditRead];

    /// <summary>Every one with what it says of itself and what it holds.</summary>
    public static readonly IReadOnlyList<(string Name, string Description, IReadOnlyList<string> Permissions)> All =
    [
        (Admin, "Everything.", [.. Permissions.All.Keys]),
        (PowerUser, "Everything but deleting models and administration.", [.. Permissions.All.Keys.Except(NotForPowerUsers)]),
        (User, "Uses models and fine-tunes them.", [Permissions.ModelsView, Permissions.ModelsLoad, Permissions.FinetuneRead, Permissions.FinetuneManage, Permissions.DatasetsWrite]),
        (Guest, "Sees models.", [Permissions.ModelsView]),
    ];
}
