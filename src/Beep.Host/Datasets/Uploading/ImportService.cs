using System.Security.Claims;
using Beep.Host.Audit;
using Beep.Host.Datasets.Files;
using Beep.Host.Hosting;
using Beep.Host.Hosting.Access;
using Beep.Host.Hosting.Http;
using Beep.Host.Hosting.Settings;

namespace Beep.Host.Datasets.Uploading;

/// <summary>A file that may be imported.</summary>
/// <param name="Path">Whole.</param>
/// <param name="Bytes">How long it is.</param>
internal sealed record ImportableFile(string Path, long Bytes);

/// <summary>Takes files from folders of the server that an administrator allowed: inside them, no links, regular files only.</summary>
internal sealed class ImportService(UploadDesk desk, UploadGate gate, HostOptions host, DatasetOptions options)
{
    private const int MostListed = 500;
    private const int Depth = 4;

    /// <summary>The files of rows in the allowed folders, the first of them.</summary>
    public IReadOnlyList<ImportableFile> List() =>
    [
        .. host.ImportFolders.Where(Directory.Exists)
            .SelectMany(folder => new DirectoryInfo(folder).EnumerateFiles("*", new EnumerationOptions { RecurseSubdirectories = true, MaxRecursionDepth = Depth, IgnoreInaccessible = true, AttributesToSkip = FileAttributes.ReparsePoint | FileAttributes.Hidden }))
            .Where(file => SourceKind.RowEnd(file.Name) is not null || SourceKind.IsPacked(file.Name)).Take(MostListed).Select(file => new ImportableFile(file.FullName, file.Length)),
    ];

    /// <summary>Copies the file and makes a version of the copy.</summary>
    /// <exception cref="HttpFaultException">422: it is none that may be imported.</exception>
    public async Task<AddedVersion> ImportAsync(string path, UploadTarget wanted, ClaimsPrincipal caller, AuditActor actor, string? correlationId, CancellationToken cancellationToken)
    {
        var file = Require(path);
        var user = caller.RequireUserId();
        gate.Begin(user);
        using var place = gate.Enter(user);
        var target = wanted with { SourceName = SourceNames.Clean(file.Name) };
        var limit = await desk.AdmitAsync(target, caller, file.Length, reserved: 0, cancellationToken);
        var folder = desk.CreateFolder(PublicId.New());
        try
        {
            return await UploadDesk.OnDiskAsync(async () =>
            {
                var copy = Path.Combine(folder, "data");
                string hash;
                await using (var from = new FileStream(file.FullName, FileMode.Open, FileAccess.Read, FileShare.Read, 1, FileOptions.SequentialScan | FileOptions.Asynchronous))
                using (var intake = new FileIntake(options.Create(copy), limit))
                {
                    await intake.TakeAsync(from, cancellationToken);
                    await intake.FlushAsync(cancellationToken);
                    hash = intake.Sha256();
                }

                return await desk.FinishAsync(copy, hash, target, actor, correlationId, cancellationToken);
            });
        }
        catch (UnauthorizedAccessException)
        {
            throw Refused("cannot be read by the server");
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private FileInfo Require(string path)
    {
        if (host.ImportFolders.Count == 0)
        {
            throw HttpFaultException.Invalid("import_off", "No folder to import from is set.", $"Ask an administrator to set {SettingKeys.ImportFolders.Name}.", "path");
        }

        if (path.Contains('\0', StringComparison.Ordinal) || !Path.IsPathFullyQualified(path))
        {
            throw Refused("is no whole path");
        }

        var full = Path.GetFullPath(path);
        // With the separator: /data2 begins as /data does and is another folder.
        var folder = host.ImportFolders.FirstOrDefault(allowed => full.StartsWith(allowed + Path.DirectorySeparatorChar, StringComparison.Ordinal)) ?? throw Refused("is in no folder that may be imported from");
        var part = folder;
        foreach (var name in full[(folder.Length + 1)..].Split(Path.DirectorySeparatorChar))
        {
            part = Path.Combine(part, name);
            FileSystemInfo entry = Directory.Exists(part) ? new DirectoryInfo(part) : new FileInfo(part);
            if (entry.LinkTarget is not null || (entry.Exists && entry.Attributes.HasFlag(FileAttributes.ReparsePoint)))
            {
                throw Refused("is or lies behind a link");
            }
        }

        // A pipe or a device has no length, and is not opened.
        return new FileInfo(full) is { Exists: true, Length: > 0 } file ? file : throw Refused("is not there, is no file, or is empty");
    }

    private static HttpFaultException Refused(string what) =>
        HttpFaultException.Invalid("bad_import_path", $"The path {what}.", "Choose one of the files that may be imported.", "path");
}
