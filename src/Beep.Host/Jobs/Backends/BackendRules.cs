using System.Text.RegularExpressions;
using Beep.Contracts;
using Beep.Host.Hosting.Http;
using Beep.Host.Hosting.Processes;
using Beep.Host.Jobs.Placing;

namespace Beep.Host.Jobs.Backends;

/// <summary>What holds for a worker that is registered; every fault at once.</summary>
internal static partial class BackendRules
{
    private const int MostEntries = 50;
    private const int LongestEntry = 1000;
    private const int MostGpus = 64;

    // They are the choices that come with the program.
    private static readonly string[] Taken = ["torchsharp", "transformers", "custom"];

    /// <exception cref="HttpFaultException">422 with all that is wrong.</exception>
    public static void Require(string name, string? description, BackendDefinition definition)
    {
        List<Fault> faults = [.. Head(name, description), .. Kind(definition), .. Texts(definition), .. Limits(definition)];
        if (faults.Count > 0)
        {
            throw new HttpFaultException(StatusCodes.Status422UnprocessableEntity, faults);
        }
    }

    private static IEnumerable<Fault> Head(string name, string? description)
    {
        if (!NameText().IsMatch(name) || Taken.Contains(name))
        {
            yield return new Fault("bad_name", $"The name '{Short(name)}' is taken by the program, too long, or has others than small letters, digits and '-'.", $"Use 1 to {CustomBackend.LongestName}, beginning with a letter.", "name");
        }

        if (description is { Length: > CustomBackend.LongestText } || description?.Any(char.IsControl) == true)
        {
            yield return new Fault("bad_description", $"The description has {description.Length} characters, or control characters among them.", $"Use at most {CustomBackend.LongestText}, on one line.", "description");
        }
    }

    private static IEnumerable<Fault> Kind(BackendDefinition definition)
    {
        if (definition.Engine is null)
        {
            if (definition.Program is null || !Path.IsPathFullyQualified(definition.Program) || !File.Exists(definition.Program))
            {
                yield return new Fault("program_missing", $"The program '{definition.Program}' is not there.", "Name an installed program by its absolute path, or an engine and an image.", "definition.program");
            }

            if (definition is { Image: not null } or { EngineOptions.Count: > 0 } or { Mounts.Count: > 0 } or { MemoryMib: not null } or { Cpus: not null } or { Network: true })
            {
                yield return new Fault("not_a_container", "Image, engine options, mounts, memory, processors and network are of containers, and no engine is named.", $"Say one of {string.Join(", ", BackendDefinition.Engines)}, or leave them out.", "definition.engine");
            }

            yield break;
        }

        if (!BackendDefinition.Engines.Contains(definition.Engine))
        {
            yield return new Fault("unknown_engine", $"'{Short(definition.Engine)}' is no engine that is known here.", $"Say one of {string.Join(", ", BackendDefinition.Engines)}.", "definition.engine");
        }
        else if (definition.Program is { } program ? !Path.IsPathFullyQualified(program) || !File.Exists(program) : Programs.Find(definition.Engine) is null)
        {
            yield return new Fault("engine_missing", $"'{definition.Program ?? definition.Engine}' is not there.", "Install it, or say where it is by its absolute path in definition.program.", "definition.program");
        }

        if (string.IsNullOrWhiteSpace(definition.Image) || definition.Image.StartsWith('-'))
        {
            yield return new Fault("no_image", "No image is named.", "Name one that the engine has on this machine.", "definition.image");
        }
        else if (definition.Engine == BackendDefinition.Apptainer && (!Path.IsPathFullyQualified(definition.Image) || !Path.Exists(definition.Image)))
        {
            yield return new Fault("no_image", $"There is no image file '{definition.Image}'.", "Name a .sif file, or the folder of an unpacked image, by its absolute path.", "definition.image");
        }

        foreach (var (mount, index) in definition.Mounts.Select((mount, index) => (mount, index)))
        {
            if (!Path.IsPathFullyQualified(mount.Source) || !mount.Target.StartsWith('/') || MountText().IsMatch(mount.Source + mount.Target))
            {
                yield return new Fault("bad_mount", $"'{Short(mount.Source)}' cannot be mounted at '{Short(mount.Target)}'.", "Name both by absolute paths without ':' and ','.", $"definition.mounts[{index}]");
            }
        }
    }

    private static IEnumerable<Fault> Texts(BackendDefinition definition)
    {
        foreach (var (field, count, texts) in new (string, int, IEnumerable<string>)[]
        {
            ("arguments", definition.Arguments.Count, definition.Arguments),
            ("engine_options", definition.EngineOptions.Count, definition.EngineOptions),
            ("environment", definition.Environment.Count, definition.Environment.Values),
            ("mounts", definition.Mounts.Count, []),
            ("pass_environment", definition.PassEnvironment.Count, []),
        })
        {
            if (count > MostEntries || texts.Any(text => text is null || text.Length > LongestEntry || text.Any(char.IsControl)))
            {
                yield return new Fault("bad_entries", $"'{field}' has {count} entries, or one that is too long or has control characters.", $"Give at most {MostEntries} of at most {LongestEntry} characters.", $"definition.{field}");
            }
        }

        foreach (var name in definition.Environment.Keys.Concat(definition.PassEnvironment))
        {
            if (!VariableName().IsMatch(name) || WorkerEnvironment.IsReserved(name) || (definition.Engine is not null && EngineEnvironment.IsOne(name)))
            {
                yield return new Fault("bad_variable", $"'{Short(name)}' cannot be set for a worker.", "Use letters, digits and '_'; the server's own secrets, what it sets itself, and what an engine finds its containers by are refused.", "definition.environment");
            }
        }
    }

    private static IEnumerable<Fault> Limits(BackendDefinition definition)
    {
        if (definition.MemoryMib is <= 0 || definition.Cpus is <= 0 or double.NaN || definition.Gpus is < 0 or > MostGpus)
        {
            yield return new Fault("out_of_range", FormattableString.Invariant($"Memory is {definition.MemoryMib} MiB, processors {definition.Cpus}, GPUs {definition.Gpus}."), $"Use more than 0, and 0 to {MostGpus} GPUs.", "definition");
        }
    }

    private static string Short(string text) => text.Length <= 100 ? PlainText.Clean(text) : PlainText.Clean(text[..100]) + "…";

    [GeneratedRegex(@"\A[a-z][a-z0-9-]{0,49}\z")]
    private static partial Regex NameText();

    [GeneratedRegex(@"[:,\x00-\x1F]")]
    private static partial Regex MountText();

    [GeneratedRegex(@"\A[A-Za-z_][A-Za-z0-9_]{0,127}\z")]
    private static partial Regex VariableName();
}
