using Beep.Host.Hosting.Settings;

namespace Beep.Host.Settings.Pages;

/// <summary>What settings are called on their page, and what each is for.</summary>
internal static class SettingWords
{
    /// <summary>Sections with their settings, in order.</summary>
    public static readonly IReadOnlyList<(string Section, IReadOnlyList<(SettingKey Key, string Title, string Text)> Settings)> Sections =
    [
        ("Areas",
        [
            (SettingKeys.Finetune, "Fine-tuning", "Datasets, jobs and their pages."),
            (SettingKeys.InternalUsers, "Users of this server", "People sign in with a password that is kept here, and are managed here. It can be switched off while an Admin is signed in with the provider."),
            (SettingKeys.IdentityServer, "Sign-in with your provider", "People sign in with your organisation's OpenID Connect provider."),
        ]),
        ("Address",
        [
            (SettingKeys.Host, "Listens at", "An IP address of this machine, 0.0.0.0 for all, or localhost."),
            (SettingKeys.Port, "Port", "1 to 65535."),
            (SettingKeys.PublicUrl, "Public address", "What browsers use, where a proxy stands before the server."),
        ]),
        ("Your provider",
        [
            (SettingKeys.Authority, "Authority", "The provider's address."),
            (SettingKeys.ClientId, "Client id", "What the provider calls this server."),
            (SettingKeys.ClientSecret, "Client secret", "What this server proves it with."),
            (SettingKeys.Scopes, "Scopes", "With spaces between."),
            (SettingKeys.LogoutRedirect, "After signing out", "Where the browser goes then."),
            (SettingKeys.ProviderName, "Name", "What people call the provider; the sign-in page shows it."),
            (SettingKeys.RoleMap, "Roles", "The provider's names and ours: admins=Admin, staff=User."),
            (SettingKeys.Unmapped, "Who has none of them", "guest lets them in as Guest, deny turns them away."),
            (SettingKeys.GroupMap, "Groups", "The provider's names and our groups: research=Research. These groups are filled and emptied by the provider."),
            (SettingKeys.ApiAudience, "Audience of the API", "Access tokens of the provider for this audience are taken by the API; none without it."),
            (SettingKeys.ApiScope, "Scope of the API", "What such a token must hold."),
        ]),
        ("Hub of models",
        [
            (SettingKeys.HubEndpoint, "Address", "Another hub than the usual one."),
            (SettingKeys.HubToken, "Token", "What the hub knows you by."),
        ]),
        ("Python environments",
        [
            (SettingKeys.PythonIndex, "Index", "Where their packages come from."),
            (SettingKeys.PythonIndexLogin, "Login", "user:password for the index, and for no other."),
        ]),
        ("What is kept",
        [
            (SettingKeys.KeepCheckpoints, "Checkpoints", "Of jobs that have ended: any of age=30d, count=2 of each job and bytes=50GB, or all."),
            (SettingKeys.KeepArtifacts, "Artifacts", "What came out of jobs, but for what models are made of."),
            (SettingKeys.KeepLogs, "Logs", "What the workers of ended jobs printed."),
            (SettingKeys.KeepUploads, "Uploads", "Those that never became a dataset."),
        ]),
        ("Datasets",
        [
            (SettingKeys.UploadMegabytes, "Largest file", "In megabytes."),
            (SettingKeys.ImportFolders, "Folders to import from", "Whole paths on this server, with semicolons between. Whoever may add datasets may read the files in them."),
        ]),
        ("Cluster",
        [
            (SettingKeys.Slurm, "Jobs on Slurm", "Whoever makes a job may have it run on the cluster. The home must lie where its nodes see it."),
            (SettingKeys.SlurmPartition, "Partition", "Where a job says nothing; the cluster's default without it."),
            (SettingKeys.SlurmPartitions, "Partitions to choose from", "With commas between; all of them without it."),
            (SettingKeys.SlurmAccount, "Account", "What jobs are charged to."),
            (SettingKeys.SlurmQos, "Quality of service", "The cluster's default without it."),
            (SettingKeys.SlurmTime, "Time limit", "In minutes. Before it is reached a checkpoint is saved."),
            (SettingKeys.SlurmGpus, "GPUs", "On every node, for backends that use them."),
            (SettingKeys.SlurmNodes, "Nodes", "For backends that can use several."),
            (SettingKeys.SlurmCpus, "Processors", "On every node."),
            (SettingKeys.SlurmExtra, "More options", "Of sbatch, with semicolons between: --mem=32G;--constraint=a100."),
            (SettingKeys.SlurmBin, "Folder of the commands", "Where sbatch and the others are, when not on the PATH."),
            (SettingKeys.SlurmConf, "slurm.conf", "Another one than the usual."),
        ]),
        ("On the machine",
        [
            (SettingKeys.Database, "Database", "Where everything is kept that is not a file."),
            (SettingKeys.SecretKey, "Secret key", "What cookies and tickets are protected with."),
            (SettingKeys.Home, "Home", "Where files are kept."),
        ]),
    ];

    public static bool IsSwitch(SettingKey key) => key.Default is "true" or "false";
}
