using System.Globalization;
using System.Text;
using Beep.Host.Jobs.Runs.Metrics;

namespace Beep.Host.Jobs.Runs;

/// <summary>The figures of a run as CSV, row by row, however many there are.</summary>
internal sealed class RunResults(RunMetrics metrics)
{
    private const string OpenAiHeader = "step,train_loss,train_accuracy,valid_loss,valid_mean_token_accuracy\n";
    private const string FullHeader = "step,at,loss,learning_rate,grad_norm,tokens,tokens_per_second,memory_bytes,evaluation_loss,evaluation_token_accuracy\n";

    /// <summary>The columns of OpenAI's result files; what the worker does not say is empty.</summary>
    public Task WriteOpenAiAsync(string jobId, Stream target, CancellationToken cancellationToken) => WriteAsync(jobId, target, OpenAiHeader, (text, train, held) => text.Append(
        CultureInfo.InvariantCulture, $"{(train ?? held)!.Value.Step},{Number(train?.Loss)},,{Number(held?.Loss)},{Number(held?.TokenAccuracy)}\n"), cancellationToken);

    /// <summary>All that is known of every step.</summary>
    public Task WriteAsync(string jobId, Stream target, CancellationToken cancellationToken) => WriteAsync(jobId, target, FullHeader, (text, train, held) => text.Append(
        CultureInfo.InvariantCulture,
        $"{(train ?? held)!.Value.Step},{Instant((train ?? held)!.Value.At)},{Number(train?.Loss)},{Number(train?.LearningRate)},{Number(train?.GradNorm)},{Number(train?.Tokens)},{Number(train?.TokensPerSecond)},{Number(train?.MemoryBytes)},{Number(held?.Loss)},{Number(held?.TokenAccuracy)}\n"), cancellationToken);

    /// <summary>An evaluation stands in the row of its step, which comes right before it; one of a step without a metric has a row of its own.</summary>
    private async Task WriteAsync(string jobId, Stream target, string header, Action<StringBuilder, MetricRecord?, MetricRecord?> write, CancellationToken cancellationToken)
    {
        await target.WriteAsync(Encoding.UTF8.GetBytes(header), cancellationToken).ConfigureAwait(false);
        var text = new StringBuilder();
        MetricRecord? train = null;
        await metrics.ForEachAsync(jobId, async block =>
        {
            for (var i = 0; i < block.Length; i++)
            {
                var record = block.Span[i];
                if (record.Kind == RecordKind.Metric)
                {
                    WritePending();
                    train = record;
                }
                else if (record.Kind == RecordKind.Evaluation)
                {
                    if (train?.Step != record.Step)
                    {
                        WritePending();
                    }

                    write(text, train, record);
                    train = null;
                }
            }

            await target.WriteAsync(Encoding.UTF8.GetBytes(text.ToString()), cancellationToken).ConfigureAwait(false);
            text.Clear();
        }, cancellationToken).ConfigureAwait(false);
        WritePending();
        await target.WriteAsync(Encoding.UTF8.GetBytes(text.ToString()), cancellationToken).ConfigureAwait(false);

        void WritePending()
        {
            if (train is not null)
            {
                write(text, train, null);
                train = null;
            }
        }
    }

    private static string Number(double? value) => value is { } number && !double.IsNaN(number) ? number.ToString("R", CultureInfo.InvariantCulture) : "";

    private static string Instant(long ticks) => ticks == 0 ? "" : new DateTime(ticks, DateTimeKind.Utc).ToString("O", CultureInfo.InvariantCulture);
}
