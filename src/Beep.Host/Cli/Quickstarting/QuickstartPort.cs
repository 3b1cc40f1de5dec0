using Beep.Contracts;
using Beep.Host.Cli.Serving;
using Beep.Host.Hosting.Settings;

namespace Beep.Host.Cli.Quickstarting;

/// <summary>Finds the port of the quickstart's server: the one that is asked for, or a free one.</summary>
internal static class QuickstartPort
{
    private const int MostTries = 20;

    /// <summary>The options with the port to listen at.</summary>
    /// <exception cref="FaultException">The port that is asked for is none, or no other is free.</exception>
    public static HostOptions Choose(HostOptions options, int? wanted, Func<string, string?> variable)
    {
        if (wanted is { } port)
        {
            return port is >= 1 and <= ushort.MaxValue
                ? options with { Port = port }
                : throw FaultException.Invalid("bad_port", $"--port is {port}.", $"Name a number from 1 to {ushort.MaxValue}.", "--port");
        }

        // Who has set the port, or has a proxy go there, must be told that it is taken.
        var isAskedFor = options.PublicUrl is not null || new SettingsReader(variable, options.Paths, []).Read().ContainsKey(SettingKeys.Port.Name);
        var last = isAskedFor ? options.Port : Math.Min(options.Port + MostTries, ushort.MaxValue);
        for (var tried = options.Port; tried <= last; tried++)
        {
            var found = options with { Port = tried };
            if (Listening.IsFree(found))
            {
                return found;
            }
        }

        return isAskedFor
            ? options
            : throw FaultException.Invalid("port_in_use", $"Other programs listen at {options.Host}:{options.Port} and the {MostTries} ports after it.", "Name a free one with --port.", "--port");
    }
}
