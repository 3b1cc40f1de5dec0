namespace Beep.Contracts;

/// <summary>One thing that is wrong, said so that a person can repair it.</summary>
/// <param name="Code">Stable and machine readable, in snake_case: <c>out_of_range</c>.</param>
/// <param name="Message">What failed, with the offending value quoted.</param>
/// <param name="Remedy">What to do about it.</param>
/// <param name="Where">The key, file or <c>file:line</c> at fault; null when the whole is meant.</param>
public sealed record Fault(string Code, string Message, string Remedy, string? Where = null)
{
    /// <summary>One line: where, message, remedy and code.</summary>
    public override string ToString() => $"{(Where is null ? "" : Where + ": ")}{Message} {Remedy} [{Code}]";
}
