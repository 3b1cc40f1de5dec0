namespace Beep.Host.Hosting.Access;

/// <summary>What a role may hold; other people's programs depend on these words, so none is ever renamed.</summary>
internal static class Permissions
{
    public const string FinetuneRead = "finetune.read";
    public const string FinetuneManage = "finetune.manage";
    public const string DatasetsWrite = "finetune.datasets.write";
    public const string ModelsView = "llm:view";
    public const string ModelsLoad = "llm:load";
    public const string ModelsDelete = "llm:delete";
    public const string EnvironmentsManage = "llm:manage_env";
    public const string SystemAdmin = "system:admin";
    public const string UsersManage = "user:manage";
    public const string GroupsManage = "group:manage";
    public const string AuditRead = "audit.read";

    /// <summary>Every one with what it lets its holder do.</summary>
    public static readonly IReadOnlyDictionary<string, string> All = new Dictionary<string, string>(StringComparer.Ordinal)
    {
        [FinetuneRead] = "See datasets, jobs and their results.",
        [FinetuneManage] = "Start, cancel and delete jobs.",
        [DatasetsWrite] = "Upload, change and delete datasets.",
        [ModelsView] = "See models.",
        [ModelsLoad] = "Load a model and talk to it.",
        [ModelsDelete] = "Delete models.",
        [EnvironmentsManage] = "Create and remove Python environments.",
        [SystemAdmin] = "Change settings, see and cancel everybody's tasks, and all that administration needs.",
        [UsersManage] = "Create, change and deactivate users, and assign roles.",
        [GroupsManage] = "Create and change groups and who is in them.",
        [AuditRead] = "Read, verify and export the audit log.",
    };
}
