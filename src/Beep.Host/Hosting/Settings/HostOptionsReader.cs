using System.Globalization;
using Beep.Contracts;

namespace Beep.Host.Hosting.Settings;

/// <summary>Turns text into options; what cannot be turned becomes a fault and keeps its default.</summary>
internal sealed class HostOptionsReader(Dictionary<string, string> values, HostPaths paths, List<Fault> faults)
{
    public HostOptions Read() => new()
    {
        Paths = paths,
        EnableFinetune = Switch(SettingKeys.Finetune),
        EnableInternalUsers = Switch(SettingKeys.InternalUsers),
        EnableIdentityServer = Switch(SettingKeys.IdentityServer),
        IdentityServer = new IdentityServerOptions
        {
            Authority = Address(SettingKeys.Authority),
            ClientId = Text(SettingKeys.ClientId),
            ClientSecret = Secret(SettingKeys.ClientSecret),
            Scopes = [.. Text(SettingKeys.Scopes)!.Split(' ', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Distinct(StringComparer.Ordinal)],
            LogoutRedirect = Address(SettingKeys.LogoutRedirect),
            RoleMap = Map(SettingKeys.RoleMap),
            GroupMap = Map(SettingKeys.GroupMap),
            DeniesUnmapped = Unmapped(),
            Name = Text(SettingKeys.ProviderName),
            ApiAudience = Text(SettingKeys.ApiAudience),
            ApiScope = Text(SettingKeys.ApiScope),
        },
        Database = Database(),
        SecretKey = Secret(SettingKeys.SecretKey),
        Host = Text(SettingKeys.Host)!,
        Port = Port(),
        PublicUrl = Address(SettingKeys.PublicUrl),
        HubEndpoint = Address(SettingKeys.HubEndpoint),
        HubToken = Secret(SettingKeys.HubToken),
        Retention = new RetentionOptions
        {
            Checkpoints = Keep(SettingKeys.KeepCheckpoints),
            Artifacts = Keep(SettingKeys.KeepArtifacts),
            Logs = Keep(SettingKeys.KeepLogs),
            Uploads = Keep(SettingKeys.KeepUploads),
        },
        MaxUploadBytes = UploadBytes(),
        ImportFolders = Folders(SettingKeys.ImportFolders),
        PythonIndex = Address(SettingKeys.PythonIndex),
        PythonIndexLogin = Login(SettingKeys.PythonIndexLogin),
    };

    private string? Text(SettingKey key) => values.TryGetValue(key.Name, out var value) ? value.Trim() : key.Default;

    private SecretText? Secret(SettingKey key) => values.TryGetValue(key.Name, out var value) ? new SecretText(value) : null;

    private SecretText? Login(SettingKey key)
    {
        if (Secret(key) is not { } login || (login.Value.IndexOf(':', StringComparison.Ordinal) > 0 && !login.Value.Any(char.IsControl)))
        {
            return Secret(key);
        }

        faults.Add(new Fault("bad_login", $"{key.Name} is no login.", "Write user:password.", key.Name));
        return null;
    }

    private bool Switch(SettingKey key)
    {
        switch (Text(key)!.ToUpperInvariant())
        {
            case "TRUE" or "1" or "YES" or "ON":
                return true;
            case "FALSE" or "0" or "NO" or "OFF":
                return false;
            default:
                faults.Add(new Fault("bad_switch", $"{key.Name} is '{Text(key)}'.", "Set it to true or false.", key.Name));
                return key.Default == "true";
        }
    }

    private bool Unmapped()
    {
        switch (Text(SettingKeys.Unmapped))
        {
            case "guest":
                return false;
            case "deny":
                return true;
            default:
                faults.Add(new Fault("bad_choice", $"{SettingKeys.Unmapped.Name} is '{Text(SettingKeys.Unmapped)}'.", "Set it to guest or deny.", SettingKeys.Unmapped.Name));
                return true;
        }
    }

    private int Port()
    {
        if (int.TryParse(Text(SettingKeys.Port), NumberStyles.None, CultureInfo.InvariantCulture, out var port) && port is >= 1 and <= ushort.MaxValue)
        {
            return port;
        }

        faults.Add(new Fault("bad_port", $"PORT is '{Text(SettingKeys.Port)}'.", "Set it to a number from 1 to 65535.", SettingKeys.Port.Name));
        return int.Parse(SettingKeys.Port.Default!, CultureInfo.InvariantCulture);
    }

    private KeepRule Keep(SettingKey key)
    {
        if (KeepRule.Parse(Text(key)!) is { } rule)
        {
            return rule;
        }

        faults.Add(new Fault("bad_retention", $"{key.Name} is '{Text(key)}'.", "Write any of age=30d, count=2 and bytes=50GB with spaces between, or all.", key.Name));
        return new KeepRule();
    }

    private long UploadBytes()
    {
        const long megabyte = 1_000_000;
        if (long.TryParse(Text(SettingKeys.UploadMegabytes), NumberStyles.None, CultureInfo.InvariantCulture, out var megabytes) && megabytes is >= 1 and <= 100_000_000)
        {
            return megabytes * megabyte;
        }

        faults.Add(new Fault("bad_size", $"MAX_UPLOAD_MB is '{Text(SettingKeys.UploadMegabytes)}'.", "Set it to a whole number of megabytes from 1 to 100000000.", SettingKeys.UploadMegabytes.Name));
        return long.Parse(SettingKeys.UploadMegabytes.Default!, CultureInfo.InvariantCulture) * megabyte;
    }

    private List<string> Folders(SettingKey key)
    {
        var folders = new List<string>();
        foreach (var folder in (Text(key) ?? "").Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            if (Path.IsPathFullyQualified(folder) && Path.GetPathRoot(folder) != Path.GetFullPath(folder))
            {
                folders.Add(Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder)));
            }
            else
            {
                faults.Add(new Fault("bad_folder", $"{key.Name} holds '{folder}'.", "Write whole paths of folders, none of them the root, with semicolons between.", key.Name));
            }
        }

        return folders;
    }

    private Uri? Address(SettingKey key)
    {
        if (Text(key) is not { } text)
        {
            return null;
        }

        if (Uri.TryCreate(text, UriKind.Absolute, out var address) && address.Scheme is "http" or "https"
            && address.UserInfo.Length == 0 && address.Query.Length == 0 && address.Fragment.Length == 0)
        {
            return address;
        }

        // Not quoted where it may hold a password.
        var shown = text.Contains('@', StringComparison.Ordinal) ? "not such an address" : $"'{text}'";
        faults.Add(new Fault("bad_address", $"{key.Name} is {shown}.", "Set it to an address that begins with https:// and has no user, question mark or #.", key.Name));
        return null;
    }

    private DatabaseAddress? Database()
    {
        var address = DatabaseAddressReader.Read(values.GetValueOrDefault(SettingKeys.Database.Name), paths, out var fault);
        if (fault is not null)
        {
            faults.Add(fault);
        }

        return address;
    }

    private Dictionary<string, string> Map(SettingKey key)
    {
        var map = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var pair in (Text(key) ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            var (theirs, ours) = pair.LastIndexOf('=') is > 0 and var at ? (pair[..at].Trim(), pair[(at + 1)..].Trim()) : ("", "");
            if (theirs.Length == 0 || ours.Length == 0 || !map.TryAdd(theirs, ours))
            {
                faults.Add(new Fault("bad_role_map", $"{key.Name} holds '{pair}'.", "Write pairs, each of the provider's names once: admins=Admin, staff=User.", key.Name));
            }
        }

        return map;
    }
}
