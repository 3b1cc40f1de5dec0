namespace Beep.Host.Data;

/// <summary>Which database this is: files outside it that speak of it name it by this.</summary>
internal sealed class Instance
{
    /// <summary>The only row's key.</summary>
    public const int OnlyNumber = 1;

    public int Number { get; init; } = OnlyNumber;

    /// <summary>Drawn at random when the database is made, 32 hexadecimal digits.</summary>
    public required string InstanceId { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }
}
