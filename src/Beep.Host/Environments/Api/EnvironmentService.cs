using System.Security.Claims;
using System.Text;
using System.Text.Json;
using Beep.Contracts;
using Beep.Host.Audit;
using Beep.Host.Data;
using Beep.Host.Environments.Making;
using Beep.Host.Environments.Runtimes;
using Beep.Host.Environments.Stored;
using Beep.Host.Hosting;
using Beep.Host.Hosting.Access;
using Beep.Host.Hosting.Http;
using Beep.Host.Hosting.Settings;
using Beep.Host.Tasks;

namespace Beep.Host.Environments.Api;

/// <summary>Who wants something done with environments.</summary>
/// <param name="Principal">The caller.</param>
/// <param name="Actor">As the audit log names them.</param>
/// <param name="CorrelationId">The request.</param>
/// <param name="IsTask">Whether a task does the work; a command does it itself.</param>
internal sealed record EnvironmentCaller(ClaimsPrincipal Principal, AuditActor Actor, string? CorrelationId, bool IsTask = true);

/// <summary>
/// Adds, verifies, repairs and removes environments: what can be seen at once is refused at once, the rest is a task. Who may make environments
/// runs programs of others here: which Pythons, indexes and folders these come from is for those to say who administer the system.
/// </summary>
internal sealed class EnvironmentService(
    EnvironmentRegistry registry, EnvironmentFolders folders, RuntimeFinder runtimes, Func<PythonWorker> locate, HostOptions options, TaskQueue queue, TimeProvider time)
{
    /// <summary>Adds an environment that is then made.</summary>
    public async Task<EnvironmentRow> CreateAsync(CreateEnvironmentRequest request, EnvironmentCaller caller, CancellationToken cancellationToken)
    {
        var name = EnvironmentName.RequireFree(request.Name);
        var preset = EnvironmentPreset.Find(request.Preset)
            ?? throw HttpFaultException.Invalid("unknown_preset", $"There is no preset '{Cut(request.Preset)}'.", $"Write one of: {string.Join(", ", EnvironmentPreset.All.Select(known => known.Name))}.", "preset");
        RequireRequirements(preset);
        var packages = ParseLock(request.Lock);
        var (index, extra, wheelhouse) = RequireSource(request, preset, caller.Principal);
        var runtime = await RequireRuntimeAsync(request.Runtime, preset, caller, cancellationToken);
        var row = new EnvironmentRow
        {
            Id = PublicId.New(),
            Name = name,
            Origin = EnvironmentOrigin.Created,
            Preset = preset.Name,
            Python = EnvironmentFolders.PythonPathOf(name),
            BasePython = runtime.Path,
            IndexAddress = index?.ToString(),
            ExtraIndexAddress = extra?.ToString(),
            Wheelhouse = wheelhouse,
            OwnerId = caller.Principal.FindUserId(),
            CreatedAt = time.GetUtcNow(),
        };
        if (packages is not null)
        {
            AtomicFile.Write(folders.GivenLockOf(row.Id), Encoding.UTF8.GetBytes(packages.Write()));
        }

        try
        {
            return await AddAsync(row, CreateEnvironment.KindName, $"Create environment {name}", caller, cancellationToken);
        }
        catch
        {
            folders.DiscardGivenLock(row.Id);
            throw;
        }
    }

    /// <summary>Adds somebody else's interpreter, which is then verified.</summary>
    public async Task<EnvironmentRow> RegisterAsync(RegisterEnvironmentRequest request, EnvironmentCaller caller, CancellationToken cancellationToken)
    {
        var name = EnvironmentName.RequireFree(request.Name);
        var runtime = await FindRuntimeAsync(request.Python, "python", caller, cancellationToken);
        if (Version.Parse(runtime.Version) < PythonRuntime.Least)
        {
            throw HttpFaultException.Invalid("python_too_old", $"'{runtime.Path}' is Python {runtime.Version}.", $"Register one of Python {PythonRuntime.Least} or later.", "python");
        }

        var row = new EnvironmentRow { Id = PublicId.New(), Name = name, Origin = EnvironmentOrigin.Registered, Python = runtime.Path, OwnerId = caller.Principal.FindUserId(), CreatedAt = time.GetUtcNow() };
        return await AddAsync(row, VerifyEnvironment.KindName, $"Verify environment {name}", caller, cancellationToken);
    }

    /// <summary>Begins work on an environment that is there.</summary>
    public async Task<EnvironmentRow> BeginAsync(string name, EnvironmentWork work, EnvironmentCaller caller, CancellationToken cancellationToken)
    {
        var (kind, title) = work switch
        {
            EnvironmentWork.Verify => (VerifyEnvironment.KindName, $"Verify environment {name}"),
            EnvironmentWork.Repair => (RepairEnvironment.KindName, $"Repair environment {name}"),
            EnvironmentWork.Remove => (RemoveEnvironment.KindName, $"Remove environment {name}"),
        };
        var row = await registry.BeginAsync(name, work, caller.Actor, Enqueue(kind, title, caller), cancellationToken);
        queue.Wake();
        return row;
    }

    private async Task<EnvironmentRow> AddAsync(EnvironmentRow row, string kind, string title, EnvironmentCaller caller, CancellationToken cancellationToken)
    {
        var added = await registry.AddAsync(row, caller.Actor, Enqueue(kind, title, caller), cancellationToken);
        queue.Wake();
        return added;
    }

    private Func<HostDbContext, EnvironmentRow, CancellationToken, Task<string>>? Enqueue(string kind, string title, EnvironmentCaller caller) => !caller.IsTask ? null : async (context, row, token) =>
    {
        var task = new NewTask(kind, title)
        {
            OwnerId = caller.Principal.FindUserId(),
            CorrelationId = caller.CorrelationId,
            Input = JsonSerializer.SerializeToNode(new EnvironmentInput(row.Id), TaskJson.Options)!.AsObject(),
        };
        return (await queue.EnqueueAsync(context, task, caller.Actor, token)).Id;
    };

    private async Task<PythonRuntime> RequireRuntimeAsync(string? wanted, EnvironmentPreset preset, EnvironmentCaller caller, CancellationToken cancellationToken)
    {
        var runtime = wanted is { Length: > 0 }
            ? await FindRuntimeAsync(wanted, "runtime", caller, cancellationToken)
            : (await runtimes.ListAsync(isFresh: false, cancellationToken)).FirstOrDefault(known => known.Problem is null && !known.IsEnvironment && preset.Fits(known.Version))
                ?? throw HttpFaultException.Invalid("no_runtime", "No Python was found here that an environment of this preset can be made from.", $"Install Python {PythonRuntime.Least} to {preset.MostPython} with venv, or name one as runtime.", "runtime");
        if (runtime.Problem is { } problem)
        {
            throw HttpFaultException.Invalid("runtime_unusable", $"No environment can be made from '{runtime.Path}': {problem}", "Choose another one.", "runtime");
        }

        return preset.Fits(runtime.Version)
            ? runtime
            : throw HttpFaultException.Invalid("runtime_too_new", $"'{runtime.Path}' is Python {runtime.Version}, and packages of '{preset.Name}' are made for {preset.MostPython} at most.", "Choose an older one.", "runtime");
    }

    private async Task<PythonRuntime> FindRuntimeAsync(string idOrPath, string field, EnvironmentCaller caller, CancellationToken cancellationToken)
    {
        if (await runtimes.FindAsync(idOrPath, cancellationToken) is { } known)
        {
            return known;
        }

        if (!Path.IsPathFullyQualified(idOrPath) || idOrPath.Any(char.IsControl) || idOrPath.Length > EnvironmentRow.LongestPath)
        {
            throw HttpFaultException.Invalid("unknown_runtime", $"'{Cut(idOrPath)}' is no Python that was found here.", "Name one of the list of runtimes, or the whole path of an interpreter.", field);
        }

        if (!caller.Principal.Holds(Permissions.SystemAdmin))
        {
            throw HttpFaultException.Forbidden("forbidden", $"Running '{Cut(idOrPath)}', which was not found here, needs the permission {Permissions.SystemAdmin}.", "Choose one of the list of runtimes.");
        }

        var (runtime, problem) = File.Exists(idOrPath) ? await runtimes.AskAsync(Path.GetFullPath(idOrPath), cancellationToken) : (null, $"'{idOrPath}' is not there.");
        return runtime is null
            ? throw HttpFaultException.Invalid("not_python", problem!, "Name the whole path of an interpreter.", field)
            // It is known by the path that was given: a module or an environment is reached by it.
            : runtime with { Path = Path.GetFullPath(idOrPath) };
    }

    private (Uri? Index, Uri? Extra, string? Wheelhouse) RequireSource(CreateEnvironmentRequest request, EnvironmentPreset preset, ClaimsPrincipal caller)
    {
        if (request.Wheelhouse is { Length: > 0 } folder)
        {
            return request.Index is null && request.ExtraIndex is null
                ? (null, null, RequireWheelhouse(folder, caller))
                : throw HttpFaultException.Invalid("two_sources", "Both an index and a wheelhouse are named.", "Name one of them.", "wheelhouse");
        }

        var index = request.Index is { Length: > 0 } named ? RequireAddress(named, "index") : options.PythonIndex;
        var extra = request.ExtraIndex is { Length: > 0 } second ? RequireAddress(second, "extra_index") : null;
        if ((index != options.PythonIndex || extra is not null) && !caller.Holds(Permissions.SystemAdmin))
        {
            throw HttpFaultException.Forbidden("forbidden", $"Another index than the one of the settings needs the permission {Permissions.SystemAdmin}.", "Leave index and extra_index out.");
        }

        // An index that was named is asked alone: it is named so that nothing comes from elsewhere.
        return (index, extra ?? (index is null ? preset.ExtraIndex : null), null);
    }

    private static Uri RequireAddress(string text, string field)
    {
        if (text.Length > EnvironmentRow.LongestSource / 2 || !Uri.TryCreate(text.Trim(), UriKind.Absolute, out var address) || address.Scheme is not ("http" or "https"))
        {
            throw HttpFaultException.Invalid("bad_address", $"{field} is no address of an index.", "Write one that begins with https://.", field);
        }

        if (address.UserInfo.Length > 0)
        {
            // Not quoted: it holds a password.
            throw HttpFaultException.Invalid("login_in_address", $"{field} holds a login.", $"Leave it out, and set {SettingKeys.PythonIndex.Name} and {SettingKeys.PythonIndexLogin.Name}.", field);
        }

        return address.Query.Length > 0 || address.Fragment.Length > 0 || address is { Scheme: not "https", IsLoopback: false }
            ? throw HttpFaultException.Invalid("bad_address", $"{field} is '{Cut(text)}'.", "Write an address that begins with https://, without question mark or #; http:// only for this machine itself.", field)
            : address;
    }

    private string RequireWheelhouse(string path, ClaimsPrincipal caller)
    {
        if (!Path.IsPathFullyQualified(path) || path.Any(char.IsControl) || path.Length > EnvironmentRow.LongestPath)
        {
            throw HttpFaultException.Invalid("bad_folder", "The wheelhouse is no whole path.", "Write the whole path of a folder on the server.", "wheelhouse");
        }

        var folder = RealPath.Of(path);
        var isAllowed = caller.Holds(Permissions.SystemAdmin)
            || (folder is not null && options.ImportFolders.Append(folders.Wheelhouses).Select(RealPath.Of).OfType<string>().Any(root => RealPath.IsIn(folder, root)));
        if (!isAllowed)
        {
            throw HttpFaultException.Forbidden("folder_not_allowed", "Packages cannot be taken from this folder.", $"Put the wheels into '{folders.Wheelhouses}' or one of the folders of IMPORT_FOLDERS.");
        }

        return folder is not null && Directory.Exists(folder) && Directory.EnumerateFiles(folder, "*.whl").Any()
            ? folder
            : throw HttpFaultException.Invalid("wheelhouse_empty", $"'{Cut(path)}' is no folder with wheels.", "Fill it on a connected machine with 'pip download', and carry it here.", "wheelhouse");
    }

    private static LockFile? ParseLock(string? text)
    {
        if (string.IsNullOrWhiteSpace(text))
        {
            return null;
        }

        if (Encoding.UTF8.GetByteCount(text) > LockFile.MostBytes)
        {
            throw HttpFaultException.Invalid("lock_too_large", $"The lock has more than {LockFile.MostBytes >> 10} KiB.", "Leave out the hashes of wheels for other systems.", "lock");
        }

        try
        {
            return LockFile.Parse(text);
        }
        catch (FaultException fault)
        {
            throw new HttpFaultException(StatusCodes.Status422UnprocessableEntity, fault.Faults);
        }
    }

    private void RequireRequirements(EnvironmentPreset preset)
    {
        try
        {
            preset.Read(locate());
        }
        catch (FaultException fault)
        {
            throw HttpFaultException.Conflict(fault.Faults[0].Code, fault.Faults[0].Message, fault.Faults[0].Remedy);
        }
    }

    private static string Cut(string? text) => text is null ? "" : text.Length <= 200 ? text : $"{text[..200]}…";
}
