using System.Text;
using Beep.Tests;

namespace Beep.Contracts.Tests;

public sealed class EventWriterTests : IDisposable
{
    private readonly TemporaryFolder _temporary = new();
    private readonly JobFolder _folder;

    public EventWriterTests() => _folder = new JobFolder(_temporary.Path);

    [Fact]
    public void Write_AfterATornLine_RemovesItAndGoesOnCounting()
    {
        Write(1, 2);
        File.AppendAllText(_folder.Events, "{\"type\":\"progress\",\"v\":1,\"seq\":3,\"ste");

        Write(3);

        var lines = EventReader.ReadFrom(_folder.Events).ToList();
        Assert.Equal([1, 2, 3], lines.Select(line => line.Event!.Seq));
        Assert.All(lines, line => Assert.Null(line.Damage));
    }

    [Fact]
    public void ReadFrom_Offset_MissesNothingAndRepeatsNothing()
    {
        Write(1, 2);
        var offset = EventReader.ReadFrom(_folder.Events).First().NextOffset;
        Assert.Equal([2], EventReader.ReadFrom(_folder.Events, offset).Select(line => line.Event!.Seq));

        offset = EventReader.ReadFrom(_folder.Events, offset).Last().NextOffset;
        Assert.Empty(EventReader.ReadFrom(_folder.Events, offset));
        Write(3);

        Assert.Equal([3], EventReader.ReadFrom(_folder.Events, offset).Select(line => line.Event!.Seq));
    }

    [Fact]
    public void ReadFrom_LineOfAHundredMegabytes_IsPassedOverInBoundedMemory()
    {
        Write(1);
        using (var stream = new FileStream(_folder.Events, FileMode.Append))
        {
            var block = Encoding.ASCII.GetBytes(new string('x', 1 << 20));
            for (var i = 0; i < 100; i++)
            {
                stream.Write(block);
            }

            stream.WriteByte((byte)'\n');
        }

        Write(2);
        var before = GC.GetAllocatedBytesForCurrentThread();
        var lines = EventReader.ReadFrom(_folder.Events).ToList();

        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 16 << 20);
        Assert.Equal([1, null, 2], lines.Select(line => line.Event?.Seq));
        Assert.Contains("is longer than 1,048,576 bytes", lines[1].Damage, StringComparison.Ordinal);
    }

    [Fact]
    public void ReadFrom_LaterMajor_IsRefused()
    {
        File.WriteAllText(_folder.Events, "{\"type\":\"progress\",\"v\":2,\"seq\":1}\n");

        var fault = Assert.Throws<FaultException>(() => EventReader.ReadFrom(_folder.Events).ToList()).Faults.Single();

        Assert.Equal("An event is of version 2; this program reads up to 1.", fault.Message);
    }

    [Theory]
    [InlineData("{\"v\":{},\"type\":\"progress\"}")]
    [InlineData("{\"v\":true}")]
    [InlineData("{\"v\":1.5}")]
    [InlineData("{\"v\":99999999999}")]
    [InlineData("{\"v\":1,\"type\":[\"progress\"")]
    [InlineData("{\"v\":1,\"type\":\"\\ud800\"}")]
    [InlineData("7")]
    public void ReadFrom_LineThatIsNoEvent_IsPassedOver(string line)
    {
        File.WriteAllText(_folder.Events, line + "\n");
        Write(1);

        var lines = EventReader.ReadFrom(_folder.Events).ToList();

        Assert.Null(lines[0].Event);
        Assert.Equal(1, lines[1].Event!.Seq);
    }

    [Theory]
    [InlineData("a\nbb\r\n\nccc", 100, new[] { "a", "bb", "", "ccc" })]
    [InlineData("", 100, new string[0])]
    [InlineData("\n", 100, new[] { "" })]
    [InlineData("0123456789\nx\n", 4, new[] { "0123", "x" })]
    public void BoundedLineReader_Lines_AreCutAtTheBound(string text, int bound, string[] expected)
    {
        var reader = new BoundedLineReader(new MemoryStream(Encoding.UTF8.GetBytes(text)), bound);
        var (lines, end) = (new List<string>(), 0L);
        while (reader.TryRead(out var line))
        {
            Assert.Equal(end, line.Offset);
            end = line.NextOffset;
            lines.Add(Encoding.UTF8.GetString(line.Bytes.Span));
        }

        Assert.Equal(expected, lines);
        Assert.Equal(text.Length, end);
    }

    public void Dispose() => _temporary.Dispose();

    private void Write(params int[] steps)
    {
        using var writer = new EventWriter(_folder, TimeProvider.System);
        foreach (var step in steps)
        {
            writer.Write(new ProgressEvent(step, 10, 0.1 * step));
        }
    }
}
