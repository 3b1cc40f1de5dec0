namespace Beep.Host.Datasets.Archives;

/// <summary>The checksum of gzip and zip.</summary>
internal struct Crc32
{
    private const uint Polynomial = 0xEDB88320;

    private static readonly uint[] Table = MakeTable();

    private uint _value;

    public readonly uint Value => _value;

    public void Add(ReadOnlySpan<byte> bytes)
    {
        var value = ~_value;
        foreach (var next in bytes)
        {
            value = Table[(byte)(value ^ next)] ^ (value >> 8);
        }

        _value = ~value;
    }

    private static uint[] MakeTable()
    {
        var table = new uint[256];
        for (var index = 0u; index < table.Length; index++)
        {
            var value = index;
            for (var bit = 0; bit < 8; bit++)
            {
                value = (value & 1) == 0 ? value >> 1 : (value >> 1) ^ Polynomial;
            }

            table[index] = value;
        }

        return table;
    }
}
