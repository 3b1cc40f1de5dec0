using System.ComponentModel;
using System.Diagnostics;
using System.Text;
using Beep.Contracts;
using Beep.Host.Hosting.Processes;

namespace Beep.Host.Environments.Runtimes;

/// <summary>What is asked of an interpreter.</summary>
/// <param name="FileName">The interpreter, absolute.</param>
/// <param name="Arguments">As it gets them.</param>
internal sealed record InterpreterQuestion(string FileName, params IReadOnlyList<string> Arguments)
{
    /// <summary>Added to what every worker may know.</summary>
    public IReadOnlyDictionary<string, string> Variables { get; init; } = new Dictionary<string, string>();

    public TimeSpan Limit { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How much it may print on stdout; more ends it.</summary>
    public int MostBytes { get; init; } = 64 << 10;

    /// <summary>What its descendants are found by.</summary>
    public string Mark { get; init; } = Guid.NewGuid().ToString("N");

    public string? WorkingFolder { get; init; }
}

/// <summary>What an interpreter answered.</summary>
/// <param name="ExitCode">Null where it was ended: it took too long or printed too much.</param>
/// <param name="Output">From stdout.</param>
/// <param name="Error">The end of stderr.</param>
internal sealed record InterpreterAnswer(int? ExitCode, string Output, string Error)
{
    public bool IsTooLong { get; init; }

    /// <summary>In words, as the end of a sentence.</summary>
    public string Describe() => IsTooLong ? "printed far too much" : ExitCode is null ? "did not answer in time" : LastError() is { Length: > 0 } said ? $"said: {said}" : $"ended with {ExitCode}";

    private string LastError() => PlainText.Clean(Error.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).LastOrDefault() ?? "");
}

/// <summary>Short calls of programs whose behaviour nobody vouches for: bounded in time and in what they print, ended with all that they started.</summary>
internal static class Interpreter
{
    private const string SetSession = "/usr/bin/setsid";
    private const int ErrorBytes = 8 << 10;

    /// <exception cref="FaultException">It cannot be started.</exception>
    public static async Task<InterpreterAnswer> AskAsync(InterpreterQuestion question, TimeProvider time, CancellationToken cancellationToken)
    {
        using var process = Start(question);
        var group = new ProcessGroup(ProcessIdentity.Of(process.Id), question.Mark);
        using var late = new CancellationTokenSource(question.Limit, time);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, late.Token);
        try
        {
            var output = ReadAsync(process.StandardOutput.BaseStream, question.MostBytes, limit.Token);
            var error = ReadTailAsync(process.StandardError.BaseStream, limit.Token);
            if (await output.ConfigureAwait(false) is not { } text)
            {
                return new InterpreterAnswer(null, "", "") { IsTooLong = true };
            }

            await process.WaitForExitAsync(limit.Token).ConfigureAwait(false);
            return new InterpreterAnswer(process.ExitCode, text, await error.ConfigureAwait(false));
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return new InterpreterAnswer(null, "", "");
        }
        finally
        {
            await (group with { OwnsNumber = true }).EndAsync(TimeSpan.Zero, time).ConfigureAwait(false);
        }
    }

    private static Process Start(InterpreterQuestion question)
    {
        var ownSession = OperatingSystem.IsLinux() && File.Exists(SetSession);
        var start = new ProcessStartInfo(ownSession ? SetSession : question.FileName, [.. ownSession ? (string[])[question.FileName] : [], .. question.Arguments])
        {
            UseShellExecute = false,
            CreateNoWindow = true,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = question.WorkingFolder ?? Path.GetPathRoot(question.FileName) ?? "",
        };
        WorkerEnvironment.Fill(start.Environment, Environment.GetEnvironmentVariables());
        foreach (var (name, value) in question.Variables)
        {
            start.Environment[name] = value;
        }

        start.Environment[ProcessGroup.Variable] = question.Mark;
        try
        {
            var process = Process.Start(start) ?? throw new InvalidOperationException("no process was made");
            process.StandardInput.Close();
            return process;
        }
        catch (Exception error) when (error is Win32Exception or InvalidOperationException or IOException)
        {
            throw FaultException.Failed("python_not_started", $"'{question.FileName}' cannot be started: {error.Message}", "Name an interpreter that may be run.", question.FileName, error);
        }
    }

    /// <summary>All of it; null where it is more than may be.</summary>
    private static async Task<string?> ReadAsync(Stream stream, int most, CancellationToken cancellationToken)
    {
        using var text = new MemoryStream();
        var buffer = new byte[8 << 10];
        int read;
        while ((read = await stream.ReadAsync(buffer, cancellationToken).ConfigureAwait(false)) > 0)
        {
            if (text.Length + read > most)
            {
                return null;
            }

            text.Write(buffer, 0, read);
        }

        return Encoding.UTF8.GetString(text.GetBuffer(), 0, (int)text.Length);
    }

    private static async Task<string> ReadTailAsync(Stream stream, CancellationToken cancellationToken)
    {
        var tail = Array.Empty<byte>();
        var buffer = new byte[ErrorBytes];
        int read;
        while ((read = await stream.ReadAsync(buffer, cancellationToken).ConfigureAwait(false)) > 0)
        {
            tail = [.. tail.Concat(buffer.Take(read)).TakeLast(ErrorBytes)];
        }

        return Encoding.UTF8.GetString(tail);
    }
}
