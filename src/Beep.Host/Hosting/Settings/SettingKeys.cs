namespace Beep.Host.Hosting.Settings;

/// <summary>Every setting; other people's programs depend on these names.</summary>
internal static class SettingKeys
{
    public static readonly SettingKey Finetune = new("ENABLE_FINETUNE", "false");
    public static readonly SettingKey InternalUsers = new("ENABLE_INTERNAL_USER_MGMT", "true");
    public static readonly SettingKey IdentityServer = new("ENABLE_IDENTITYSERVER_AUTH", "false");
    public static readonly SettingKey Authority = new("IDENTITYSERVER_AUTHORITY");
    public static readonly SettingKey ClientId = new("IDENTITYSERVER_CLIENT_ID");
    public static readonly SettingKey ClientSecret = new("IDENTITYSERVER_CLIENT_SECRET", IsSecret: true);
    public static readonly SettingKey Scopes = new("IDENTITYSERVER_SCOPES", "openid profile email");
    public static readonly SettingKey LogoutRedirect = new("IDENTITYSERVER_LOGOUT_REDIRECT");
    public static readonly SettingKey RoleMap = new("IDENTITYSERVER_ROLE_MAP");
    public static readonly SettingKey GroupMap = new("IDENTITYSERVER_GROUP_MAP");
    public static readonly SettingKey Unmapped = new("IDENTITYSERVER_UNMAPPED", "guest");
    public static readonly SettingKey ProviderName = new("IDENTITYSERVER_NAME");
    public static readonly SettingKey ApiAudience = new("IDENTITYSERVER_API_AUDIENCE");
    public static readonly SettingKey ApiScope = new("IDENTITYSERVER_API_SCOPE");
    public static readonly SettingKey Database = new(DatabaseAddress.Variable, IsSecret: true);
    public static readonly SettingKey SecretKey = new("SECRET_KEY", IsSecret: true);
    public static readonly SettingKey Host = new("HOST", "127.0.0.1");
    public static readonly SettingKey Port = new("PORT", "5000");
    public static readonly SettingKey PublicUrl = new("PUBLIC_URL");
    public static readonly SettingKey Home = new("BEEP_PYTHON_HOME", IsOfEnvironmentOnly: true);
    public static readonly SettingKey HubEndpoint = new("HF_ENDPOINT");
    public static readonly SettingKey HubToken = new("HF_TOKEN", IsSecret: true);
    public static readonly SettingKey KeepCheckpoints = new("KEEP_CHECKPOINTS", "age=30d count=2");
    public static readonly SettingKey KeepArtifacts = new("KEEP_ARTIFACTS", KeepRule.Everything);
    public static readonly SettingKey KeepLogs = new("KEEP_LOGS", "age=90d");
    public static readonly SettingKey KeepUploads = new("KEEP_UPLOADS", "age=2d");
    public static readonly SettingKey UploadMegabytes = new("MAX_UPLOAD_MB", "51200");
    public static readonly SettingKey ImportFolders = new("IMPORT_FOLDERS");
    public static readonly SettingKey Slurm = new("ENABLE_SLURM", "false");
    public static readonly SettingKey SlurmPartition = new("SLURM_PARTITION");
    public static readonly SettingKey SlurmPartitions = new("SLURM_PARTITIONS");
    public static readonly SettingKey SlurmAccount = new("SLURM_ACCOUNT");
    public static readonly SettingKey SlurmQos = new("SLURM_QOS");
    public static readonly SettingKey SlurmTime = new("SLURM_TIME");
    public static readonly SettingKey SlurmGpus = new("SLURM_GPUS");
    public static readonly SettingKey SlurmNodes = new("SLURM_NODES");
    public static readonly SettingKey SlurmCpus = new("SLURM_CPUS");
    public static readonly SettingKey SlurmExtra = new("SLURM_EXTRA");
    public static readonly SettingKey SlurmBin = new("SLURM_BIN");
    public static readonly SettingKey SlurmConf = new("SLURM_CONF");

    public static readonly SettingKey PythonIndex = new("PYTHON_INDEX");
    public static readonly SettingKey PythonIndexLogin = new("PYTHON_INDEX_LOGIN", IsSecret: true);

    public static readonly IReadOnlyList<SettingKey> All =
    [
        Finetune, InternalUsers, IdentityServer, Authority, ClientId, ClientSecret, Scopes, LogoutRedirect, RoleMap, GroupMap, Unmapped,
        ProviderName, ApiAudience, ApiScope,
        Database, SecretKey, Host, Port, PublicUrl, Home, HubEndpoint, HubToken,
        KeepCheckpoints, KeepArtifacts, KeepLogs, KeepUploads, UploadMegabytes, ImportFolders,
        Slurm, SlurmPartition, SlurmPartitions, SlurmAccount, SlurmQos, SlurmTime, SlurmGpus, SlurmNodes, SlurmCpus, SlurmExtra, SlurmBin, SlurmConf,
        PythonIndex, PythonIndexLogin,
    ];
}
