using System.Globalization;
using Beep.Contracts;

namespace Beep.Host.Hosting;

/// <summary>Where the host keeps what it makes.</summary>
internal sealed record HostPaths(string Home)
{
    private const string HomeVariable = "BEEP_PYTHON_HOME";

    /// <summary>The job folder of the quickstart.</summary>
    public string Quickstart => Path.Combine(Home, "quickstart");

    /// <summary>Where the server of this home listens, while one does.</summary>
    public string ServerMark => Path.Combine(Home, "server.json");

    /// <summary>Settings that outlive the environment.</summary>
    public string Configuration => Path.Combine(Home, "config", "host.json");

    /// <summary>What must not be read by others and is not in the database.</summary>
    public string Keys => Path.Combine(Home, "keys");

    /// <summary>What protects cookies and tickets.</summary>
    public string KeyRing => Path.Combine(Keys, "ring");

    /// <summary>What chains the rows of the audit log.</summary>
    public string AuditKey => Path.Combine(Keys, "audit.key");

    /// <summary>What holds the end of the audit log.</summary>
    public string AuditCheckpoints => Path.Combine(Home, "logs", "audit-checkpoints.jsonl");

    /// <summary>What tasks and their processes print, a file each.</summary>
    public string TaskLogs => Path.Combine(Home, "logs", "tasks");

    /// <summary>Where the processes of running tasks work, a folder each.</summary>
    public string TaskFolders => Path.Combine(Home, "tasks");

    /// <summary>What unlocks the setup wizard; there only until the host is set up.</summary>
    public string SetupToken => Path.Combine(Home, "setup-token");

    /// <summary>What was answered in the setup wizard so far, encrypted under <see cref="SetupKey"/>.</summary>
    public string SetupDraft => Path.Combine(Home, "config", "setup-draft");

    public string SetupKey => Path.Combine(Keys, "setup.key");

    /// <summary>Held by the one process that completes the setup of this home.</summary>
    public string SetupLock => Path.Combine(Home, "config", "setup.lock");

    /// <summary>All that the fine-tuning area keeps in files.</summary>
    public string FineTune => Path.Combine(Home, "finetune");

    /// <summary>Datasets, a folder each with one for each version.</summary>
    public string Datasets => Path.Combine(FineTune, "datasets");

    /// <summary>Job folders.</summary>
    public string Jobs => Path.Combine(FineTune, "jobs");

    /// <summary>What is being uploaded, and not a dataset yet.</summary>
    public string Uploads => Path.Combine(FineTune, "uploads");

    /// <summary>What the host has worked out from job folders, to answer sooner: a folder a job, which may be deleted at any time.</summary>
    public string RunCaches => Path.Combine(FineTune, "cache");

    /// <summary>Models and adapters, <c>publisher/name</c>.</summary>
    public string Models => Path.Combine(Home, "models");

    /// <summary>Python environments that were made here, a folder each.</summary>
    public string Environments => Path.Combine(Home, "environments");

    /// <summary>The embedded database, where no other is named.</summary>
    public string Database => Path.Combine(Home, "beep.db");

    /// <summary>The files of one version of a dataset.</summary>
    public string DatasetVersion(string datasetId, int version) => Path.Combine(Datasets, datasetId, string.Create(CultureInfo.InvariantCulture, $"v{version}"));

    /// <summary>The folder of one job.</summary>
    public string Job(string jobId) => Path.Combine(Jobs, jobId);

    /// <summary>What is worked out from the folder of one job.</summary>
    public string RunCache(string jobId) => Path.Combine(RunCaches, jobId);

    /// <summary>BEEP_PYTHON_HOME, else the folder that the system gives applications for their data.</summary>
    /// <exception cref="FaultException">The environment names no home at all.</exception>
    public static HostPaths FromEnvironment(Func<string, string?> variable)
    {
        if (variable(HomeVariable) is { Length: > 0 } chosen)
        {
            return new HostPaths(Path.GetFullPath(chosen));
        }

        if (OperatingSystem.IsWindows())
        {
            return new HostPaths(Path.Combine(Need(variable, "LOCALAPPDATA"), "BeepPython"));
        }

        return new HostPaths(Path.Combine(Need(variable, "HOME"), ".local", "share", "beep-python"));
    }

    private static string Need(Func<string, string?> variable, string name) =>
        variable(name) is { Length: > 0 } value
            ? value
            : throw FaultException.Invalid("no_home", $"Neither {HomeVariable} nor {name} is set, so there is nowhere to keep data.", $"Set {HomeVariable} to a folder.", HomeVariable);
}
