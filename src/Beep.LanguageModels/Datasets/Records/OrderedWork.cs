using System.Collections.Concurrent;

namespace Beep.LanguageModels.Datasets.Records;

/// <summary>Reads a file on one thread, works on its blocks on all processors, and gives the results in the order of the file.</summary>
internal static class OrderedWork
{
    /// <summary>Runs <paramref name="work"/> over every block. Memory holds a few blocks a processor.</summary>
    /// <param name="source">The rows.</param>
    /// <param name="createWorker">Makes what one thread at a time uses.</param>
    /// <param name="work">Works on one block; it must not keep it.</param>
    /// <param name="cancellation">Stops between two blocks.</param>
    public static IEnumerable<TResult> Run<TWorker, TResult>(
        IRecordSource source, Func<TWorker> createWorker, Func<TWorker, RecordBlock, TResult> work, CancellationToken cancellation)
    {
        var workers = new ConcurrentBag<TWorker>();
        var blocks = new ConcurrentBag<RecordBlock>();
        var pending = new Queue<Task<TResult>>();
        var limit = Environment.ProcessorCount + 2;

        TResult Process(RecordBlock block)
        {
            var worker = workers.TryTake(out var idle) ? idle : createWorker();
            var result = work(worker, block);
            block.Clear();
            blocks.Add(block);
            workers.Add(worker);
            return result;
        }

        while (true)
        {
            cancellation.ThrowIfCancellationRequested();
            var block = blocks.TryTake(out var free) ? free : new RecordBlock();
            if (!source.Fill(block))
            {
                break;
            }

            pending.Enqueue(Task.Run(() => Process(block), cancellation));
            if (pending.Count == limit)
            {
                yield return pending.Dequeue().GetAwaiter().GetResult();
            }
        }

        while (pending.TryDequeue(out var task))
        {
            yield return task.GetAwaiter().GetResult();
        }
    }
}
