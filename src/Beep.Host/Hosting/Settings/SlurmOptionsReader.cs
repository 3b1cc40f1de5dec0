using System.Globalization;
using Beep.Contracts;

namespace Beep.Host.Hosting.Settings;

/// <summary>Turns text into the options of the cluster. Switched off, the rest is not looked at: a server within a job of Slurm has variables of such names.</summary>
internal sealed class SlurmOptionsReader(Func<SettingKey, string?> text, List<Fault> faults)
{
    private const int MostMinutes = 60 * 24 * 365;
    private const int MostOfAKind = 4096;

    public SlurmOptions Read(bool isOn) => !isOn ? new SlurmOptions() : new SlurmOptions
    {
        IsOn = true,
        Partition = Word(SettingKeys.SlurmPartition),
        Partitions = [.. (text(SettingKeys.SlurmPartitions) ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Where(name => Check(SettingKeys.SlurmPartitions, name))],
        Account = Word(SettingKeys.SlurmAccount),
        Qos = Word(SettingKeys.SlurmQos),
        Minutes = Number(SettingKeys.SlurmTime, 1, MostMinutes),
        Gpus = Number(SettingKeys.SlurmGpus, 0, MostOfAKind),
        Nodes = Number(SettingKeys.SlurmNodes, 1, MostOfAKind),
        Cpus = Number(SettingKeys.SlurmCpus, 1, MostOfAKind),
        Extra = [.. (text(SettingKeys.SlurmExtra) ?? "").Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Where(IsExtra)],
        CommandFolder = Existing(SettingKeys.SlurmBin, Directory.Exists, "a folder"),
        Configuration = Existing(SettingKeys.SlurmConf, File.Exists, "a file"),
    };

    private string? Word(SettingKey key) => text(key) is { } word && Check(key, word) ? word : null;

    private bool Check(SettingKey key, string word)
    {
        if (SlurmWords.IsWord(word))
        {
            return true;
        }

        faults.Add(new Fault("bad_word", $"{key.Name} holds '{word}', which Slurm cannot call anything.", "Use letters, digits, '.', '_' and '-'.", key.Name));
        return false;
    }

    private int? Number(SettingKey key, int least, int most)
    {
        if (text(key) is not { } given)
        {
            return null;
        }

        if (int.TryParse(given, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= least && number <= most)
        {
            return number;
        }

        faults.Add(new Fault("bad_number", $"{key.Name} is '{given}'.", $"Set it to a whole number from {least} to {most}.", key.Name));
        return null;
    }

    private bool IsExtra(string option)
    {
        if (SlurmWords.IsExtra(option))
        {
            return true;
        }

        faults.Add(new Fault("bad_option", $"{SettingKeys.SlurmExtra.Name} holds '{option}'.", "Write options of sbatch as --name or --name=value with semicolons between, and none that the server sets itself (output, wrap, comment, signal …).", SettingKeys.SlurmExtra.Name));
        return false;
    }

    private string? Existing(SettingKey key, Func<string, bool> exists, string what)
    {
        if (text(key) is not { } path)
        {
            return null;
        }

        if (Path.IsPathFullyQualified(path) && exists(path))
        {
            return path;
        }

        faults.Add(new Fault("bad_path", $"{key.Name} is '{path}', and there is no such thing.", $"Set it to the whole path of {what}.", key.Name));
        return null;
    }
}
